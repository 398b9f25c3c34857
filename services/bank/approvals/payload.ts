/** Payloads: what an action will be carried out with, kept as JSON until then. */

/** A record as JSON holds it, whatever its depth: amounts (bigint) become decimal strings, what is undefined is left out. */
export const jsonOf = (record: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  JSON.parse(JSON.stringify(record, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value))) as Record<
    string,
    unknown
  >;

/** A payload's parts. Throws for what no `requestApproval` has made. */
export const partsOf = (payload: unknown): Readonly<Record<string, unknown>> => {
  if (typeof payload !== "object" || payload === null || Array.isArray(payload)) throw new TypeError("a payload is an object");
  return payload as Readonly<Record<string, unknown>>;
};

/** An amount of a payload; `null` where there is none. */
export const amountIn = (payload: unknown, name: string): bigint | null => {
  const value = partsOf(payload)[name] ?? null;
  return value === null ? null : BigInt(value as string);
};

/** A text of a payload. Throws where there is none. */
export const textIn = (payload: unknown, name: string): string => {
  const value = partsOf(payload)[name];
  if (typeof value !== "string") throw new TypeError(`the payload has no ${name}`);
  return value;
};
