/**
 * What the shared store does for one key, as one step. Works on Redis 7 and Valkey.
 *
 * A node takes units before it hands them out, and gives back what it did not need: units count from the moment they are taken, so all
 * nodes together never hand out more than there are. What was taken may be handed out until `lease` milliseconds later, and counts as if it all
 * were at that last moment. Times are the nodes' own, which follow the store's without its jumps.
 *
 * KEYS[1]  the hash of the key
 * ARGV     1 kind: burst, rate, calendar, concurrency   2 now, ms   3 limit   4 window, ms   5 units that calls wait for
 *          6 the fewest of them that help a call   7 further units, if there are plenty   8 units handed out already, counted in any case
 *          9 units given back   10 the mark under which these were taken   11 nodes   12 lease, ms   13 the node   14 ms to keep the hash
 *          15 used before the store counted, for a calendar key that it does not know; empty: not known
 * Returns  { units granted, or -1 where what was used before is wanted; remaining; ms until whole; ms until the fewest fit;
 *            1 while nodes must ask before each call; thresholds passed: 1 for 80 %, 2 for 100 %; mark; used }
 *
 * Once a call is denied, nothing is granted beyond what calls wait for, for as long as a window.
 */
export const takeScript = `
local kind, now, limit, window = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local need, least, extra = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local forced, back, mark = tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[10])
local nodes, lease, node, keep = tonumber(ARGV[11]), tonumber(ARGV[12]), ARGV[13], tonumber(ARGV[14])
local key = KEYS[1]
local flat = redis.call('HGETALL', key)
local fields = {}
for i = 1, #flat, 2 do fields[flat[i]] = flat[i + 1] end
local function number(name, otherwise) return tonumber(fields[name] or '') or otherwise end
local function whole(value) return string.format('%.0f', value) end
local changed = {}
local function set(name, value)
  changed[#changed + 1] = name
  changed[#changed + 1] = value
end

local used, since, count, width, marks, own = 0, now, 0, 0, {}, 0
if kind == 'burst' then
  since, count = number('t', now), math.max(0, number('c', 0) - back)
  used = count - math.max(0, now - since) * limit / window
  if used <= 0 then used, count, since = 0, 0, now end
  used = math.ceil(used - 1e-9)
elseif kind == 'rate' then
  width = math.max(1, math.ceil(window / 32))
  for name, value in pairs(fields) do
    local index = tonumber(name)
    if index then
      if (index + 1) * width + window > now then
        marks[#marks + 1] = { index, tonumber(value) }
        used = used + tonumber(value)
      else
        redis.call('HDEL', key, name)
      end
    end
  end
  table.sort(marks, function(a, b) return a[1] < b[1] end)
  for i = #marks, 1, -1 do
    if marks[i][1] <= mark and back > 0 then
      local part = math.min(back, marks[i][2])
      back, used, marks[i][2] = back - part, used - part, marks[i][2] - part
      set(whole(marks[i][1]), whole(marks[i][2]))
    end
  end
elseif kind == 'calendar' then
  if not fields['u'] and ARGV[15] == '' then return { -1, 0, 0, 0, 0, 0, 0, 0 } end
  used = math.max(0, number('u', tonumber(ARGV[15]) or 0) - back)
else
  for name, value in pairs(fields) do
    if string.sub(name, 1, 2) == 'n:' then
      local held, untilMs = string.match(value, '^(%d+):(%d+)$')
      if tonumber(untilMs) <= now then
        redis.call('HDEL', key, name)
      elseif name == 'n:' .. node then
        own = math.max(0, tonumber(held) - back)
        used = used + own
      else
        used = used + tonumber(held)
      end
    end
  end
end

local strict = number('s', 0) > now
local free = limit - used
local granted = 0
if need > 0 and free >= least then granted = math.min(need, free) end
local denied = need > 0 and granted < need
if extra > 0 and not strict and not denied then
  granted = granted + math.max(0, math.min(extra, math.floor((free - granted) / (2 * nodes))))
end
local added = granted + forced
local after = used + added

local wait, reset = 0, 0
if kind == 'burst' then
  if added > 0 then
    if limit == 0 or used * window / limit < lease then
      since, count = now + lease, used + added
    else
      count = count + added
    end
    local windows = math.floor(math.max(0, now - since) / window)
    since, count = since + windows * window, count - windows * limit
  end
  set('t', whole(since))
  set('c', whole(count))
  local interval = window / math.max(1, limit)
  reset = math.max(0, since + count * interval - now)
  wait = math.max(1, (used + least - limit) * interval)
elseif kind == 'rate' then
  if added > 0 then
    mark = math.floor((now + lease) / width)
    local present = number(whole(mark), 0)
    for i = 1, #marks do if marks[i][1] == mark then present = marks[i][2] end end
    set(whole(mark), whole(present + added))
  end
  reset = 0
  if #marks > 0 then reset = (marks[#marks][1] + 1) * width + window - now end
  if added > 0 then reset = (mark + 1) * width + window - now end
  wait = reset
  local over = used + least - limit
  for i = 1, #marks do
    over = over - marks[i][2]
    if over <= 0 then
      wait = (marks[i][1] + 1) * width + window - now
      break
    end
  end
elseif kind == 'calendar' then
  set('u', whole(after))
  reset, wait = window, window
else
  own = own + added
  if own > 0 then
    set('n:' .. node, whole(own) .. ':' .. whole(now + lease))
  else
    redis.call('HDEL', key, 'n:' .. node)
  end
  wait = 1000
end

if denied and least <= limit then
  strict = true
  set('s', whole(now + window))
end
local passed = 0
if limit > 0 and after * 5 >= limit * 4 and now >= number('q8', 0) then
  passed = 1
  set('q8', whole(now + window))
end
if limit > 0 and (after >= limit or (denied and least <= limit)) and now >= number('q1', 0) then
  passed = passed + 2
  set('q1', whole(now + window))
end
if #changed > 0 then
  redis.call('HSET', key, unpack(changed))
  redis.call('PEXPIRE', key, whole(keep))
end
return { granted, math.max(0, limit - after), math.ceil(reset), math.ceil(wait), strict and 1 or 0, passed, mark, after }
`;

/**
 * A node says that it is there, and learns how many are and what time it is. KEYS[1] the sorted set of nodes; ARGV 1 the node, 2 ms that it
 * is remembered, 0 when it leaves. Returns { nodes, seconds, microseconds }.
 */
export const beatScript = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local remembered = tonumber(ARGV[2])
if remembered > 0 then
  redis.call('ZADD', KEYS[1], now + remembered, ARGV[1])
else
  redis.call('ZREM', KEYS[1], ARGV[1])
end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
redis.call('PEXPIRE', KEYS[1], 86400000)
return { redis.call('ZCARD', KEYS[1]), tonumber(time[1]), tonumber(time[2]) }
`;
