/**
 * Strings: one line (`string`) or any lines (`text`), and the kinds that are strings of a standard.
 *
 * Lengths are Unicode code points. NUL and halves of surrogate pairs are refused everywhere (neither Postgres nor UTF-8 can hold them), other
 * control characters but tab and line ends in `text`, all control characters and line separators in one line. Nothing is trimmed or folded.
 * E-mail addresses and URLs are ASCII: an internationalized domain is given in its xn-- form, a path percent-encoded.
 */
import { countries } from "../../define/countries.ts";
import { currencies } from "../../define/currencies.ts";
import type { TextOptions } from "../../define/field.ts";
import {
  emailLengthMax,
  emailPattern,
  idPattern,
  languageLengthMax,
  languagePattern,
  phonePattern,
  refPattern,
  stringLengthMax,
  urlLengthMax,
  urlPattern,
  uuidPattern,
} from "../../define/forms.ts";
import { badFormat, type Read, type Refused, refused, wrongType } from "./refused.ts";

const lineBreaking = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;
const controlling = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/;
const noString = wrongType("string");
const badCharacters = refused("bad_characters");
const required = refused("required");

const codePoints = (value: string): number => {
  let count = value.length;
  for (let at = 0; at < value.length - 1; at++) {
    if ((value.charCodeAt(at) & 0xfc00) === 0xd800) {
      count--;
      at++;
    }
  }
  return count;
};

interface StringRules {
  readonly lines: boolean;
  readonly lengthMax: number;
}

/** A string within its length that matches the field's pattern. An empty one where something is needed is `required`. */
export const readString = (options: TextOptions, rules: StringRules): Read => {
  const forbidden = rules.lines ? controlling : lineBreaking;
  const min = options.minLength ?? 0;
  const max = options.maxLength ?? rules.lengthMax;
  const tooShort = refused("too_short", { min });
  const tooLong = refused("too_long", { max });
  const noMatch = badFormat("pattern");
  const pattern = options.pattern === undefined ? undefined : new RegExp(`^(?:${options.pattern})$`, "u");
  return (value) => {
    if (typeof value !== "string") return noString;
    const { length } = value;
    if (length > max && (length > max * 2 || codePoints(value) > max)) return tooLong;
    if (min > 0 && length < min * 2) {
      if (length === 0) return required;
      if (length < min || codePoints(value) < min) return tooShort;
    }
    if (forbidden.test(value) || !value.isWellFormed()) return badCharacters;
    if (pattern !== undefined && !pattern.test(value)) return noMatch;
    return value;
  };
};

/** The checks of `readString`, then the standard's own. */
const ofStandard = (options: TextOptions, lengthMax: number, keep: (value: string) => string | Refused): Read => {
  const read = readString(options, { lines: false, lengthMax });
  return (value, text) => {
    if (value === "") return required;
    const string = read(value, text);
    return typeof string === "string" ? keep(string) : string;
  };
};

const matching = (pattern: string, otherwise: Refused): ((value: string) => string | Refused) => {
  const form = new RegExp(pattern);
  return (value) => (form.test(value) ? value : otherwise);
};

export const readEmail = (options: TextOptions): Read =>
  ofStandard(options, emailLengthMax, matching(emailPattern, badFormat("email")));

export const readPhone = (options: TextOptions): Read =>
  ofStandard(options, stringLengthMax, matching(phonePattern, badFormat("phone")));

/** An absolute http or https URL without credentials; kept as given. */
export const readUrl = (options: TextOptions): Read => {
  const begin = new RegExp(urlPattern);
  const noUrl = badFormat("url");
  return ofStandard(options, urlLengthMax, (value) => (begin.test(value) && URL.canParse(value) ? value : noUrl));
};

const inSet = (set: { has(value: string): boolean }, otherwise: Refused): Read => {
  return (value) => {
    if (typeof value !== "string") return noString;
    if (value === "") return required;
    return set.has(value) ? value : otherwise;
  };
};

/** ISO 4217 alphabetic code. */
export const readCurrency: Read = inSet(currencies, badFormat("currency"));

/** ISO 3166-1 alpha-2 code. */
export const readCountry: Read = inSet(countries, badFormat("country"));

const languageForm = new RegExp(languagePattern);
const noLanguage = badFormat("language");

/** Tags repeat, and canonicalizing one costs a microsecond: the last ones are remembered. */
const canonical = new Map<string, string>();
const canonicalMax = 512;

const canonicalTag = (tag: string): string | undefined => {
  const known = canonical.get(tag);
  if (known !== undefined) return known;
  const [found] = Intl.getCanonicalLocales(tag);
  if (found === undefined) return undefined;
  if (canonical.size >= canonicalMax) canonical.clear();
  canonical.set(tag, found);
  return found;
};

/** A BCP 47 tag in canonical letter case and with replaced subtags: "EN-us" → "en-US". */
export const readLanguage: Read = (value) => {
  if (typeof value !== "string") return noString;
  if (value === "") return required;
  if (value.length > languageLengthMax || !languageForm.test(value)) return noLanguage;
  try {
    return canonicalTag(value) ?? noLanguage;
  } catch {
    return noLanguage;
  }
};

/** One of the values. */
export const readEnum = (values: readonly string[]): Read => {
  const set = new Set(values);
  const notInList = refused("not_in_list", { values: values.join(", ") });
  return (value) => (typeof value !== "string" ? noString : set.has(value) ? value : notInList);
};

/** An id of the resource's own form or, where clients may choose it, a UUID (kept in lower case). */
export const readId = (prefix: string, client: boolean): Read => {
  const own = new RegExp(idPattern(prefix));
  const uuid = new RegExp(uuidPattern);
  const noId = badFormat("id");
  return (value) => {
    if (typeof value !== "string") return noString;
    if (own.test(value)) return value;
    return client && uuid.test(value) ? value.toLowerCase() : value === "" ? required : noId;
  };
};

/** The id of another row; whether there is one is for the store to say. */
export const readRef: Read = (() => {
  const form = new RegExp(refPattern);
  const noRef = badFormat("reference");
  return (value) => (typeof value !== "string" ? noString : form.test(value) ? value : value === "" ? required : noRef);
})();
