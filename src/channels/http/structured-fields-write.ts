/**
 * Structured field values (RFC 9651 section 4.1): the serializer. What the types cannot express (a newline in a
 * string, an integer of 16 digits, a bad key) is a programmer's mistake and throws TypeError: check what a caller gave
 * before it comes here.
 */
import type { BareItem, Dictionary, InnerList, Item, List, Member, Parameters } from "./structured-fields.ts";

const KEY = /^[a-z*][a-z0-9_.*-]*$/;
const TOKEN = /^[A-Za-z*][!#$%&'*+\-.^_`|~0-9A-Za-z:/]*$/;
const STRING = /^[\x20-\x7e]*$/;
const INTEGER_MAX = 999_999_999_999_999;

/** `{ bare: { type: "string", value: "a" }, parameters: new Map() }` → `"a"` in quotes. */
export function serializeItem({ bare, parameters }: Item): string {
  return serializeBare(bare) + serializeParameters(parameters);
}

/** Members joined by `, `; an empty list is the empty string, and the field is then to be left out. */
export function serializeList(list: List): string {
  return list.map(serializeMember).join(", ");
}

/** `a=1, b, c=(d e)`; an empty dictionary is the empty string, and the field is then to be left out. */
export function serializeDictionary(dictionary: Dictionary): string {
  return [...dictionary]
    .map(([key, member]) => {
      const isTrue = "bare" in member && member.bare.type === "boolean" && member.bare.value;
      return serializeKey(key) + (isTrue ? serializeParameters(member.parameters) : `=${serializeMember(member)}`);
    })
    .join(", ");
}

function serializeMember(member: Member): string {
  return "bare" in member ? serializeItem(member) : serializeInnerList(member);
}

function serializeInnerList({ items, parameters }: InnerList): string {
  return `(${items.map(serializeItem).join(" ")})${serializeParameters(parameters)}`;
}

function serializeParameters(parameters: Parameters): string {
  let text = "";
  for (const [key, bare] of parameters) {
    text += `;${serializeKey(key)}`;
    if (!(bare.type === "boolean" && bare.value)) text += `=${serializeBare(bare)}`;
  }
  return text;
}

function serializeKey(key: string): string {
  return check(KEY.test(key), key);
}

/** One bare item: `1`, `1.5`, `"a"`, `a`, `:AQ==:`, `?1`, `@1659578233`, `%"f%c3%bc"`. */
export function serializeBare(bare: BareItem): string {
  switch (bare.type) {
    case "integer":
      return check(isInteger(bare.value), String(bare.value));
    case "decimal":
      return decimal(bare.value);
    case "string":
      return check(STRING.test(bare.value), `"${bare.value.replace(/["\\]/g, "\\$&")}"`);
    case "token":
      return check(TOKEN.test(bare.value), bare.value);
    case "binary":
      return `:${Buffer.from(bare.value.buffer, bare.value.byteOffset, bare.value.byteLength).toString("base64")}:`;
    case "boolean":
      return bare.value ? "?1" : "?0";
    case "date":
      return check(isInteger(bare.value), `@${bare.value}`);
    case "display":
      return display(bare.value);
  }
}

function isInteger(value: number): boolean {
  return Number.isInteger(value) && Math.abs(value) <= INTEGER_MAX;
}

/** Rounded to three places, half to even (section 4.1.5), with at least one of them written. */
function decimal(value: number): string {
  const scaled = value * 1000;
  const floor = Math.floor(scaled);
  const rest = scaled - floor;
  const isUp = rest > 0.5 || (rest === 0.5 && floor % 2 !== 0);
  const rounded = (isUp ? floor + 1 : floor) / 1000;
  check(Number.isFinite(value) && Math.abs(rounded) < 1e12, String(value));
  const text = rounded.toFixed(3).replace(/0{1,2}$/, "");
  return text === "-0.0" ? "0.0" : text;
}

function display(value: string): string {
  check(value.isWellFormed(), value);
  let text = '%"';
  for (const byte of Buffer.from(value, "utf8")) {
    const isPlain = byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x25;
    text += isPlain ? String.fromCharCode(byte) : `%${byte.toString(16).padStart(2, "0")}`;
  }
  return `${text}"`;
}

function check(isValid: boolean, text: string): string {
  if (!isValid) throw new TypeError(`not serializable as a structured field: ${text.slice(0, 64)}`);
  return text;
}
