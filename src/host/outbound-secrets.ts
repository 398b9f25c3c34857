/** The file of secrets for parties outside: `[{ "name": "post", "origin": "https://api.post.example", "tenant": "acme", "value": "…" }]`. */
import type { OutsideSecret } from "../outbound/index.ts";

const known: ReadonlySet<string> = new Set(["name", "origin", "tenant", "value"]);
const lengthMax = 4_096;

const isText = (value: unknown): value is string =>
  typeof value === "string" && value !== "" && value.length <= lengthMax && !/\p{Cc}/u.test(value);

const secretOf = (given: unknown): OutsideSecret | undefined => {
  if (typeof given !== "object" || given === null) return undefined;
  const { name, origin, tenant, value } = given as Readonly<Record<string, unknown>>;
  const isWhole = isText(name) && isText(value) && isText(origin) && URL.parse(origin)?.origin === origin;
  if (!isWhole || !(tenant === undefined || isText(tenant)) || !Object.keys(given).every((key) => known.has(key)))
    return undefined;
  return { name, origin, tenant, value };
};

/** The secrets; undefined where the text is not such a list. */
export const parseOutboundSecrets = (text: string): readonly OutsideSecret[] | undefined => {
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!Array.isArray(list)) return undefined;
  const secrets = list.map(secretOf);
  return secrets.every((secret) => secret !== undefined) ? secrets : undefined;
};
