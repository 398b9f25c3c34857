/**
 * Answers as the documentation shows them: `…` within a text stands for any characters, a member "…" of an object for further members, and a
 * last item "…" of a list for further items. Of an HTTP answer only the headers that are shown count.
 */

const more = "…";

type Json = null | string | number | boolean | readonly Json[] | { readonly [key: string]: Json };

const isObject = (value: unknown): value is Readonly<Record<string, Json>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const patternOf = (text: string): RegExp => new RegExp(`^${text.split(more).map(RegExp.escape).join(".*")}$`, "s");

/** Where the two part, as a path with both sides; undefined when the answer is as shown. */
export const difference = (shown: Json, actual: Json | undefined, path = "$"): string | undefined => {
  const told = `${path}: ${JSON.stringify(shown)} is shown, ${JSON.stringify(actual)} is the answer`;
  if (typeof shown === "string") return typeof actual === "string" && patternOf(shown).test(actual) ? undefined : told;
  if (Array.isArray(shown)) {
    if (!Array.isArray(actual)) return told;
    const isOpen = shown.at(-1) === more;
    const items = isOpen ? shown.slice(0, -1) : shown;
    if (isOpen ? actual.length < items.length : actual.length !== items.length) return told;
    return items
      .map((item, index) => difference(item, actual[index] as Json, `${path}[${index}]`))
      .find((found) => found !== undefined);
  }
  if (!isObject(shown)) return Object.is(shown, actual) ? undefined : told;
  if (!isObject(actual)) return told;
  const names = Object.keys(shown).filter((name) => name !== more);
  const unknown = Object.hasOwn(shown, more) ? undefined : Object.keys(actual).find((name) => !Object.hasOwn(shown, name));
  if (unknown !== undefined) return `${path}.${unknown} is answered and not shown`;
  return names
    .map((name) => difference(shown[name] as Json, actual[name], `${path}.${name}`))
    .find((found) => found !== undefined);
};

interface Http {
  readonly statusLine: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

const httpOf = (text: string): Http => {
  const [head = "", ...rest] = text.replaceAll("\r", "").split("\n\n");
  const [statusLine = "", ...headers] = head.split("\n");
  return {
    statusLine,
    headers: headers.map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trim()] as const),
    body: rest.join("\n\n").trim(),
  };
};

const jsonOf = (text: string): Json | undefined => {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
};

const textDifference = (shown: string, actual: string): string | undefined => {
  const lines = actual.trimEnd().split("\n");
  const wanted = shown.trimEnd().split("\n");
  const isOpen = wanted.at(-1) === more;
  const compared = isOpen ? wanted.slice(0, -1) : wanted;
  if (isOpen ? lines.length < compared.length : lines.length !== compared.length)
    return `${wanted.length} lines are shown, the answer has ${lines.length}:\n${actual}`;
  const at = compared.findIndex((line, index) => !patternOf(line.trimEnd()).test((lines[index] ?? "").trimEnd()));
  return at === -1
    ? undefined
    : `line ${at + 1}: ${JSON.stringify(compared[at])} is shown, ${JSON.stringify(lines[at])} is the answer`;
};

const bodyDifference = (shown: string, actual: string): string | undefined => {
  const wanted = jsonOf(shown);
  const got = jsonOf(actual);
  return wanted === undefined || got === undefined ? textDifference(shown, actual) : difference(wanted, got);
};

/** Where a shown block and what came out of its command part. `language` is the block's: `http`, `json`, or any text. */
export const blockDifference = (language: string, shown: string, actual: string): string | undefined => {
  if (language !== "http") return bodyDifference(shown, actual);
  const [wanted, got] = [httpOf(shown), httpOf(actual)];
  if (wanted.statusLine !== got.statusLine) return `${wanted.statusLine} is shown, ${got.statusLine} is the answer:\n${got.body}`;
  const values = new Map(got.headers.map(([name, value]) => [name.toLowerCase(), value]));
  for (const [name, value] of wanted.headers) {
    const answered = values.get(name.toLowerCase());
    if (answered === undefined || !patternOf(value).test(answered))
      return `${name}: ${value} is shown, ${answered} is the answer`;
  }
  return bodyDifference(wanted.body, got.body);
};

const always: readonly (readonly [RegExp, string])[] = [
  [/^([a-z]+_)0[0-9A-HJKMNP-TV-Z]{25}$/, "$1…"],
  [/^job_[0-9a-f]{32}$/, "job_…"],
  [/^[\w-]{8,}\.[\w-]{22}$/, more],
  [/^[A-Z]{2}\d\dPONS.*$/, more],
];

const recentMs = 48 * 3_600_000;
const isRecent = (value: string): boolean =>
  /^\d{4}-\d\d-\d\dT.*Z$/.test(value) && Math.abs(Date.parse(value) - Date.now()) < recentMs;

/** Values that differ from run to run, masked. */
const masked = (value: Json, name = ""): Json => {
  if (typeof value === "string") {
    if (name === "requestId" || isRecent(value)) return more;
    for (const [pattern, mask] of always) if (pattern.test(value)) return value.replace(pattern, mask);
    return value;
  }
  if (Array.isArray(value)) return value.map((item: Json) => masked(item));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, masked(member, key)]));
};

/** What is shown of a value when it was shown in part before. */
const inPart = (shown: Json | undefined, actual: Json): Json => {
  if (typeof shown === "string" && typeof actual === "string") return patternOf(shown).test(actual) ? shown : masked(actual);
  if (Array.isArray(shown) && Array.isArray(actual)) {
    const isOpen = shown.at(-1) === more;
    const items = isOpen ? actual.slice(0, shown.length - 1) : actual;
    const kept = items.map((item: Json, index) => inPart(shown[index] as Json | undefined, item));
    return isOpen ? [...kept, more] : kept;
  }
  if (isObject(shown) && isObject(actual)) {
    const isOpen = Object.hasOwn(shown, more);
    const names = Object.keys(actual).filter((name) => !isOpen || Object.hasOwn(shown, name));
    const kept = names.map((name) => [name, inPart(shown[name], masked(actual[name] as Json, name))] as const);
    return Object.fromEntries(isOpen ? [...kept, [more, more]] : kept);
  }
  return masked(actual);
};

const widthMax = 110;

/** `{ "a": [1, 2] }` */
const flatOf = (value: Json): string => {
  if (Array.isArray(value)) return `[${value.map(flatOf).join(", ")}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const members = Object.entries(value).map(([name, member]) => `${JSON.stringify(name)}: ${flatOf(member)}`);
  return members.length === 0 ? "{}" : `{ ${members.join(", ")} }`;
};

/** The formatter gives each item a line where all are objects, or all lists, of more than one part. */
const isTable = (value: Json): boolean => {
  if (!Array.isArray(value) || value.length < 2) return false;
  const items = value as readonly Json[];
  const areParts = items.every((item) => Array.isArray(item) && item.length > 1);
  return areParts || items.every((item) => isObject(item) && Object.keys(item).length > 1);
};

const hasTable = (value: Json): boolean =>
  typeof value === "object" && value !== null && (isTable(value) || Object.values(value).some((part: Json) => hasTable(part)));

/** JSON in as few lines as fit, as the formatter writes it. */
const pretty = (value: Json, indent = ""): string => {
  const flat = flatOf(value);
  const isFlat = flat.length + indent.length <= widthMax && !hasTable(value);
  if (typeof value !== "object" || value === null || isFlat) return flat;
  const inner = `${indent}  `;
  if (Array.isArray(value)) return `[\n${value.map((item: Json) => inner + pretty(item, inner)).join(",\n")}\n${indent}]`;
  const members = Object.entries(value).map(([name, member]) => `${inner}${JSON.stringify(name)}: ${pretty(member, inner)}`);
  return `{\n${members.join(",\n")}\n${indent}}`;
};

const bodyFrom = (shown: string, actual: string): string => {
  const got = jsonOf(actual);
  return got === undefined ? actual.trimEnd() : pretty(inPart(jsonOf(shown), got));
};

/** The block as it should be: the answer, masked, in the parts that were shown before. */
export const blockFrom = (language: string, shown: string, actual: string): string => {
  if (blockDifference(language, shown, actual) === undefined) return shown;
  if (language !== "http") return bodyFrom(shown, actual);
  const [wanted, got] = [httpOf(shown), httpOf(actual)];
  const values = new Map(got.headers.map(([name, value]) => [name.toLowerCase(), value]));
  const headers = wanted.headers.map(([name, value]) => {
    const answered = values.get(name.toLowerCase()) ?? "";
    return `${name}: ${patternOf(value).test(answered) ? value : answered}`;
  });
  const head = [got.statusLine, ...headers].join("\n");
  return got.body === "" ? head : `${head}\n\n${bodyFrom(wanted.body, got.body)}`;
};
