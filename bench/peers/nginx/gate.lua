-- The gate in front of the application: whose key, how often within a minute, how often at all.
--
-- Shared dictionaries: keys (SHA-256 of a key → "app limit"), windows (calls of an app by minute), counts (calls of an app).
local ffi = require "ffi"
require "resty.core.shdict"

ffi.cdef [[
unsigned char *SHA256(const unsigned char *data, size_t length, unsigned char *digest);
]]

local digest = ffi.new("unsigned char[32]")
local keys = ngx.shared.keys
local windows = ngx.shared.windows
local counts = ngx.shared.counts
local find, sub, floor = string.find, string.sub, math.floor

local window_seconds = 60

local gate = {}

local function refuse(status, kind, message)
  ngx.status = status
  ngx.header["content-type"] = "application/json"
  ngx.print('{"success":false,"error":{"code":', status, ',"type":"', kind, '","message":"', message, '"}}')
  return ngx.exit(status)
end

local function hash_of(key)
  ffi.C.SHA256(key, #key, digest)
  return ffi.string(digest, 32)
end

-- Registers the keys of a file, one `key app limit` a line; by the master, before its workers start.
function gate.load(file)
  for line in io.lines(file) do
    local key, app, limit = line:match("^(%S+) (%S+) (%d+)$")
    local ok, problem = keys:set(hash_of(key), app .. " " .. limit)
    if not ok then error(problem) end
  end
end

-- A sliding window of two buckets: those of the minute before count by the part of it that is still within the last sixty seconds.
local function admit(app, limit)
  local now = ngx.now()
  local bucket = floor(now / window_seconds)
  local used, problem = windows:incr(app .. bucket, 1, 0, 2 * window_seconds)
  if used == nil then return nil, problem end
  local before = windows:get(app .. (bucket - 1)) or 0
  return used + before * (1 - (now / window_seconds - bucket)) <= limit
end

function gate.access()
  local header = ngx.var.http_authorization
  if header == nil or sub(header, 1, 7) ~= "Bearer " then
    return refuse(401, "unauthenticated", "A valid API key is needed")
  end
  local known = keys:get(hash_of(sub(header, 8)))
  if known == nil then return refuse(401, "unauthenticated", "A valid API key is needed") end
  local space = find(known, " ", 1, true)
  local app, limit = sub(known, 1, space - 1), tonumber(sub(known, space + 1))
  local admitted, problem = admit(app, limit)
  if problem ~= nil then return refuse(503, "unavailable", problem) end
  if not admitted then
    ngx.header["retry-after"] = window_seconds
    return refuse(429, "too_many_requests", "Too many calls")
  end
  counts:incr(app, 1, 0)
end

-- What was counted, one `app calls` a line.
function gate.report()
  for _, app in ipairs(counts:get_keys(0)) do ngx.say(app, " ", counts:get(app)) end
end

return gate
