/**
 * Messages in the caller's language.
 *
 *   message("de-AT", "issue.too_long", { field: "Name", max: 10 })  → "Das Feld „Name“ darf höchstens 10 Zeichen haben."
 *   localizeRefusal(invalid({ firstName: [{ code: "required" }] }), "en")
 *     → { message: "Validation failed", data: { firstName: ["The first name must not be empty."] } }
 *
 * A key is looked for in the language, then in the language without its last part, and so on (RFC 4647 §3.4), at last in English; in each first in the
 * service's messages, then in the platform's. Text in braces is filled from the parameters: `{max}`, or, as in ICU,
 * `{max, plural, one {# item} other {# items}}` by the plural rules of the language the message was found in. Numbers are written as that language
 * writes them. Parameters are filled in once and never read as patterns themselves.
 *
 * Names of fields: `field.<resource>.<path>` of the service's messages, without the positions of lists; else the name in words (`firstName` →
 * "first name").
 */
import type { Messages } from "../define/service.ts";
import { platformMessages } from "./messages/index.ts";
import type { Issue, Refusal } from "./refusal.ts";

export type MessageParams = Readonly<Record<string, unknown>>;

const fallbackLanguage = "en";
const platform: Messages = platformMessages;

/** The languages to look in, nearest first: `de-AT`, `de`, `en`. */
const chainOf = (locale: string): readonly string[] => {
  const chain: string[] = [];
  for (let tag = locale.slice(0, 80); tag !== ""; tag = tag.slice(0, Math.max(0, tag.lastIndexOf("-")))) chain.push(tag);
  if (!chain.includes(fallbackLanguage)) chain.push(fallbackLanguage);
  return chain;
};

const own = (messages: Messages | undefined, language: string, key: string): string | undefined => {
  if (messages === undefined || !Object.hasOwn(messages, language)) return undefined;
  const texts = messages[language];
  return texts !== undefined && Object.hasOwn(texts, key) ? texts[key] : undefined;
};

interface Found {
  readonly language: string;
  readonly text: string;
}

/** What the first of the keys says in the nearest language that has one of them. */
const find = (locale: string, keys: string | readonly string[], extra: Messages | undefined): Found | undefined => {
  for (const language of chainOf(locale)) {
    for (const key of typeof keys === "string" ? [keys] : keys) {
      const text = own(extra, language, key) ?? own(platform, language, key);
      if (text !== undefined) return { language, text };
    }
  }
  return undefined;
};

/** Numbers and plurals of one language. Only languages that have messages get here, so there are few. */
interface Grammar {
  readonly number: Intl.NumberFormat;
  readonly plural: Intl.PluralRules;
}

const grammars = new Map<string, Grammar>();

const grammarOf = (language: string): Grammar => {
  let grammar = grammars.get(language);
  if (grammar === undefined) {
    const known = Intl.NumberFormat.supportedLocalesOf(/^[A-Za-z0-9-]+$/.test(language) ? [language] : []);
    const tag = known[0] ?? fallbackLanguage;
    grammar = { number: new Intl.NumberFormat(tag, { maximumFractionDigits: 18 }), plural: new Intl.PluralRules(tag) };
    grammars.set(language, grammar);
  }
  return grammar;
};

const placeholder = /\{(\w+)(?:, plural,((?:\s*\w+ \{[^{}]*\})+)\s*)?\}/g;
const pluralForm = /(\w+) \{([^{}]*)\}/g;

const shown = (value: unknown, language: string): string => {
  if (typeof value === "number" || typeof value === "bigint") return grammarOf(language).number.format(value);
  if (typeof value === "string") return value;
  return value === undefined || value === null ? "" : Bun.inspect(value);
};

const pluralized = (forms: string, value: unknown, language: string): string => {
  const category = typeof value === "number" ? grammarOf(language).plural.select(value) : "other";
  const byCategory = new Map([...forms.matchAll(pluralForm)].map(([, name = "", text = ""]) => [name, text]));
  return (byCategory.get(category) ?? byCategory.get("other") ?? "#").replaceAll("#", () => shown(value, language));
};

/** Placeholders without a parameter stay as they are; `onMissing` hears of them. */
const fill = ({ language, text }: Found, params: MessageParams, onMissing?: () => void): string =>
  text.replace(placeholder, (whole, name: string, forms: string | undefined) => {
    if (!Object.hasOwn(params, name)) {
      onMissing?.();
      return whole;
    }
    return forms === undefined ? shown(params[name], language) : pluralized(forms, params[name], language);
  });

/** The message of `key`, filled; the key itself where no language has it. */
export const message = (locale: string, key: string, params: MessageParams = {}, extra?: Messages): string => {
  const found = find(locale, key, extra);
  return found === undefined ? key : fill(found, params);
};

const identifier = /^[A-Za-z][A-Za-z0-9]*$/;
const position = /^[0-9]+$/;

/** How a filter writes its operator behind the name of the field: `price>=`, `price[gte]`. */
const operator = /(?:[<>!~^]=?|\[\w*\])$/;

/** `firstName` → `first name`; what is no name (`a b`) stays. */
const inWords = (name: string): string =>
  identifier.test(name)
    ? name
        .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
        .replace(/([A-Z])([A-Z][a-z])/g, "$1 $2")
        .toLowerCase()
    : name;

/** The name of the field at `path`: `goods.0.sku` → "goods 1 sku", or as the service calls `goods.sku`; of a filter, its field: `price>=` → "price". */
const fieldName = (path: string, locale: string, extra: Messages | undefined, resource: string | undefined): string => {
  const steps = path.replace(operator, "").split(".");
  const named = (name: string): string | undefined =>
    (resource === undefined ? undefined : find(locale, `field.${resource}.${name}`, extra)?.text) ??
    find(locale, `field.${name}`, extra)?.text;
  const whole = named(steps.filter((step) => !position.test(step)).join("."));
  if (whole !== undefined) return whole;
  return steps.map((step) => (position.test(step) ? String(Number(step) + 1) : (named(step) ?? inWords(step)))).join(" ");
};

/** Parameters that are words of the platform's own lists: `expected: "integer"` → "a whole number". */
const wordsOf = (locale: string, params: Issue["params"], extra: Messages | undefined): MessageParams => {
  if (params === undefined) return {};
  const word = (list: string, value: unknown): unknown => find(locale, `${list}.${String(value)}`, extra)?.text ?? value;
  return {
    ...params,
    ...(params["expected"] === undefined ? {} : { expected: word("type", params["expected"]) }),
    ...(params["format"] === undefined ? {} : { format: word("format", params["format"]) }),
  };
};

/** The sentence for one issue; "is not valid" where the code has no message or lacks a parameter of it. A code without a message that is a sentence itself, as a function may give, is told as it is. */
const issueMessage = (
  path: string,
  issue: Issue,
  locale: string,
  extra: Messages | undefined,
  resource: string | undefined,
): string => {
  // An issue of a list parameter (`sortBy=nope`) names the field it means itself.
  const named = issue.params?.["field"];
  const params = {
    ...wordsOf(locale, issue.params, extra),
    field: fieldName(path, locale, extra, resource),
    path: named ?? path,
  };
  const found = find(locale, `issue.${issue.code}`, extra);
  if (found === undefined && issue.code.includes(" ")) return issue.code;
  let isComplete = found !== undefined;
  const text = found === undefined ? "" : fill(found, params, () => (isComplete = false));
  return isComplete ? text : message(locale, "issue.invalid", params, extra);
};

/** A name that readers of other formats refuse as a key (MessagePack's do) is shown in another form. */
const harmless = (path: string): string => path.replaceAll("__proto__", "(proto)");

export interface LocalizedRefusal {
  readonly message: string;
  /** Field path → sentences. Empty where no single value is at fault. */
  readonly data: Record<string, string[]>;
}

/**
 * A refusal in the caller's language. `extra`: the service's messages; `resource`: whose fields the issues are about. The refusal's `details` fill
 * `error.<type>`, or `error.<type>.<reason>` where they have a reason for which there is one; a type without a message keeps the refusal's own (English)
 * one.
 */
export const localizeRefusal = (refusal: Refusal, locale: string, extra?: Messages, resource?: string): LocalizedRefusal => {
  const { details: { reason } = {} } = refusal;
  const key = `error.${refusal.type}`;
  const found = find(locale, typeof reason === "string" ? [`${key}.${reason}`, key] : key, extra);
  const issues = Object.entries(refusal.issues ?? {});
  return {
    message: found === undefined ? refusal.message : fill(found, refusal.details ?? {}),
    data: Object.fromEntries(
      issues.map(([path, list]) => [harmless(path), list.map((issue) => issueMessage(path, issue, locale, extra, resource))]),
    ),
  };
};

/** Keys that one language of `messages` has and another lacks: `de: error.insufficient_funds`. Empty when all are complete. */
export const missingMessages = (messages: Messages): readonly string[] => {
  const keys = [...new Set(Object.values(messages).flatMap((texts) => Object.keys(texts)))].toSorted();
  return Object.entries(messages).flatMap(([language, texts]) =>
    keys.filter((key) => !Object.hasOwn(texts, key)).map((key) => `${language}: ${key}`),
  );
};
