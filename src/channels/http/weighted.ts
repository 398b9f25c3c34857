/**
 * Lists with weights, as Accept, Accept-Language and Accept-Encoding have them (RFC 9110 section 12.4.2).
 *
 * Limits: 2,048 characters, 64 members; what is longer is not read. Never throws. A member that is malformed, or
 * whose weight is, is left out, as RFC 9110 section 5.6.1 asks of lenient recipients.
 */

/** One member, in lower case, without its parameters; `q` from 0 to 1. */
export interface Weighted {
  readonly value: string;
  readonly q: number;
  /** Parameters other than q were given; they make a media range more specific. */
  readonly hasParameters: boolean;
}

const LENGTH_MAX = 2048;
const MEMBERS_MAX = 64;
const MEMBER = /^[!#$%&'*+\-.^_`|~0-9a-z]+(?:\/[!#$%&'*+\-.^_`|~0-9a-z]+)?$/;
const WEIGHT = /^(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)$/;

/**
 * The members in the order they came, or undefined when the header is over a limit.
 *
 *     parseWeighted("text/html, text/*;q=0.1")  →  [{ value: "text/html", q: 1, … }, { value: "text/*", q: 0.1, … }]
 */
export function parseWeighted(header: string): Weighted[] | undefined {
  if (header.length > LENGTH_MAX) return undefined;
  const members = splitOutsideQuotes(header, ",");
  if (members.length > MEMBERS_MAX) return undefined;
  const parsed: Weighted[] = [];
  for (const member of members) {
    const weighted = parseMember(member);
    if (weighted !== undefined) parsed.push(weighted);
  }
  return parsed;
}

function parseMember(member: string): Weighted | undefined {
  const [first = "", ...parameters] = splitOutsideQuotes(member, ";");
  const value = first.trim().toLowerCase();
  if (!MEMBER.test(value)) return undefined;
  let q = 1;
  let hasParameters = false;
  for (const parameter of parameters) {
    const text = parameter.trim();
    if (text === "") continue;
    if (text[1] === "=" && (text[0] === "q" || text[0] === "Q")) {
      const weight = text.slice(2);
      if (!WEIGHT.test(weight)) return undefined;
      q = Number(weight);
    } else {
      hasParameters = true;
    }
  }
  return { value, q, hasParameters };
}

/** Splits at a separator that does not stand in a quoted string (RFC 9110 section 5.6.4). */
export function splitOutsideQuotes(text: string, separator: "," | ";"): string[] {
  if (!text.includes('"')) return text.split(separator);
  const parts: string[] = [];
  let start = 0;
  let quoted = false;
  for (let index = 0; index < text.length; index++) {
    const character = text[index];
    if (quoted && character === "\\") index++;
    else if (character === '"') quoted = !quoted;
    else if (!quoted && character === separator) {
      parts.push(text.slice(start, index));
      start = index + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}
