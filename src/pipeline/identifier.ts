/**
 * Identifiers: `prefix_` and 26 characters, Crockford base 32 of a UUIDv7 (RFC 9562): 48 bits of milliseconds, a 12-bit counter that keeps
 * ids made in one millisecond in order, 62 random bits. They sort by the time they were made. They are names, never secrets.
 */
const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

const poolBytes = 8192;
const bytesPerId = 8;
const pool = new Uint8Array(poolBytes);
let poolAt = poolBytes;

let lastMs = 0;
let counter = 0;

/** Source of the moment, replaceable for tests. */
export type Clock = () => number;

/** The 26 characters of a new id. Monotonic within a process even if the clock steps back. */
export const newIdentifier = (clock: Clock = Date.now): string => {
  const ms = clock();
  if (ms > lastMs) {
    lastMs = ms;
    counter = 0;
  } else if (++counter > 0xfff) {
    lastMs++;
    counter = 0;
  }
  if (poolAt + bytesPerId > poolBytes) {
    crypto.getRandomValues(pool);
    poolAt = 0;
  }
  // 130 bits as 26 digits: 2 zero bits, 48 of time, 4 of version, 12 of counter, 2 of variant, 62 random.
  const low = lastMs % 0x4000_0000; // 30 bits
  const high = Math.floor(lastMs / 0x4000_0000); // 18 bits
  const digit = (value: number): string => alphabet[value & 31] as string;
  let text = digit(high >>> 15) + digit(high >>> 10) + digit(high >>> 5) + digit(high);
  text += digit(low >>> 25) + digit(low >>> 20) + digit(low >>> 15) + digit(low >>> 10) + digit(low >>> 5) + digit(low);
  const middle = 0x7_000 | counter; // 16 bits: version and counter
  const first = (pool[poolAt] as number) & 0x3f; // 6 random bits after the variant
  // 16 bits of version and counter, then 2 of variant and 62 random = 80 bits = 16 digits.
  const head = middle * 16 + 8 + (first >>> 4); // 20 bits: middle, variant "10", 2 random
  text += digit(head >>> 15) + digit(head >>> 10) + digit(head >>> 5) + digit(head);
  let bits = first & 0xf;
  let count = 4;
  for (let i = 1; i < bytesPerId; i++) {
    bits = (bits << 8) | (pool[poolAt + i] as number);
    count += 8;
    while (count >= 5) {
      count -= 5;
      text += digit(bits >>> count);
      bits &= (1 << count) - 1;
    }
  }
  poolAt += bytesPerId;
  return text;
};
