/**
 * XML out: a plain value to a document in UTF-8, by the rules that xml-value.ts lists. Written as text, since building a
 * tree for Bun.XML.stringify costs three times as much.
 *
 * Lone surrogates become U+FFFD. Bigints of any size are digits. Members that are undefined are left out; NaN and the
 * infinities are a programmer's mistake and throw, as does a value nested deeper than 512 (a cycle).
 */
import { toBase64 } from "./plain.ts";
import type { PlainValue } from "./plain.ts";

/** ASCII only, no colon; names that begin with `xml` are reserved (XML 1.0 section 2.3). */
const NAME = /^(?!xml)[A-Za-z_][A-Za-z0-9_.-]*$/i;
const NEEDS_ESCAPE = /[&<>\r]/;
const NEEDS_ATTRIBUTE_ESCAPE = /[&<>"\r\n\t]/;
/** What XML 1.0 cannot hold in any spelling (production Char). */
// oxlint-disable-next-line no-control-regex
const NOT_XML = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/;
const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "\r": "&#13;",
  "\n": "&#10;",
  "\t": "&#9;",
};
const DEPTH_MAX = 512;

/**
 *     stringifyXml({ id: 7, tags: ["a"] })
 *     →  <?xml version="1.0" encoding="UTF-8"?><response><id>7</id><tags><item>a</item></tags></response>
 */
export function stringifyXml(value: PlainValue, { root = "response" }: { readonly root?: "request" | "response" } = {}): string {
  return `<?xml version="1.0" encoding="UTF-8"?>${element(root, "", value, 0)}`;
}

function element(name: string, attributes: string, value: PlainValue, depth: number): string {
  if (depth > DEPTH_MAX) throw new TypeError("a value is nested too deep to be written, or holds itself");
  if (value === null) return `<${name}${attributes} nil="true"/>`;
  switch (typeof value) {
    case "string":
      return text(name, attributes, value);
    case "number":
      if (!Number.isFinite(value)) throw new TypeError("a plain value cannot be NaN or infinite");
      return `<${name}${attributes}>${Object.is(value, -0) ? "-0" : value}</${name}>`;
    case "boolean":
    case "bigint":
      return `<${name}${attributes}>${value}</${name}>`;
    default:
      return container(name, attributes, value, depth);
  }
}

function text(name: string, attributes: string, value: string): string {
  if (value === "") return `<${name}${attributes}/>`;
  if (NOT_XML.test(value)) {
    return `<${name}${attributes} encoding="base64">${Buffer.from(value, "utf8").toString("base64")}</${name}>`;
  }
  const whole = value.isWellFormed() ? value : value.toWellFormed();
  return `<${name}${attributes}>${NEEDS_ESCAPE.test(whole) ? whole.replace(/[&<>\r]/g, escape) : whole}</${name}>`;
}

function container(
  name: string,
  attributes: string,
  value: Exclude<PlainValue, null | string | number | boolean | bigint>,
  depth: number,
): string {
  if (value instanceof Uint8Array) return text(name, attributes, toBase64(value));
  let inner = "";
  if (Array.isArray(value)) {
    if (value.length === 0) return `<${name}${attributes} type="array"/>`;
    for (const item of value) inner += element("item", "", item, depth + 1);
    return `<${name}${attributes}>${inner}</${name}>`;
  }
  for (const key in value) {
    const item = value[key];
    if (item === undefined) continue;
    inner += isPlainName(key) ? element(key, "", item, depth + 1) : element("entry", ` key="${attribute(key)}"`, item, depth + 1);
  }
  return inner === "" ? `<${name}${attributes} type="object"/>` : `<${name}${attributes}>${inner}</${name}>`;
}

/** `item` is kept for arrays. */
function isPlainName(key: string): boolean {
  return key !== "item" && NAME.test(key);
}

/** Characters that no spelling can hold become U+FFFD: a key has no second encoding. */
function attribute(key: string): string {
  const whole = NOT_XML.test(key) ? key.replace(new RegExp(NOT_XML, "g"), "\ufffd") : key;
  return NEEDS_ATTRIBUTE_ESCAPE.test(whole) ? whole.toWellFormed().replace(/[&<>"\r\n\t]/g, escape) : whole.toWellFormed();
}

function escape(character: string): string {
  return ESCAPES[character] ?? character;
}
