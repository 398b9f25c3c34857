/** Values as JSON holds them: integers beyond 2^53−1 as decimal strings, bytes as base64 (RFC 4648 section 4), everything else as it is. */
export const jsonReady = (value: unknown): unknown => {
  if (typeof value === "bigint") {
    return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value.toString();
  }
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Uint8Array) return value.toBase64();
  if (Array.isArray(value)) return value.map(jsonReady);
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, jsonReady(part)]));
};
