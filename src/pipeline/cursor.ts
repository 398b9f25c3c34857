/**
 * Cursors: where a list was left, signed and bound to the realm and to the list itself, so that a cursor made up, changed, or taken to another
 * tenant or list is refused. Opaque to clients.
 */
import type { Value } from "../define/expression.ts";

const macBytes = 16;
/** Eight sort fields of 2,000 characters fit; a query string is shorter than that, the body of QUERY is not. */
const cursorLengthMax = 65_536;

const macOf = (secret: string, bound: string, payload: string): Buffer =>
  new Bun.CryptoHasher("sha256", secret).update(bound).update("\n").update(payload).digest().subarray(0, macBytes);

const encode = (value: Value): Value => (typeof value === "bigint" ? { int: value.toString() } : value);

const decode = (value: unknown): Value =>
  typeof value === "object" && value !== null && "int" in value ? BigInt(String(value.int)) : (value as Value);

/** `bound` is what the cursor holds for: realm and the list's shape. */
export const makeCursor = (secret: string, bound: string, values: readonly Value[]): string => {
  const payload = Buffer.from(JSON.stringify(values.map(encode))).toString("base64url");
  return `${payload}.${macOf(secret, bound, payload).toString("base64url")}`;
};

/** The values of a cursor of ours; `undefined` for anything else. */
export const readCursor = (secret: string, bound: string, cursor: string): readonly Value[] | undefined => {
  if (cursor.length > cursorLengthMax) return undefined;
  const [payload, mac, ...rest] = cursor.split(".");
  if (payload === undefined || mac === undefined || rest.length > 0) return undefined;
  const given = Buffer.from(mac, "base64url");
  if (given.length !== macBytes || !crypto.timingSafeEqual(given, macOf(secret, bound, payload))) return undefined;
  const values: unknown = JSON.parse(Buffer.from(payload, "base64url").toString());
  return Array.isArray(values) ? values.map(decode) : undefined;
};
