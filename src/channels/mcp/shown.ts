/**
 * What a call would do, for a person: the operation's description, and its arguments one a line. Values stand as JSON, so that none of them can look like a
 * line of ours.
 */
import { currencies } from "../../define/currencies.ts";
import type { Field, Fields, MoneyOptions } from "../../define/field.ts";
import type { Input } from "../../pipeline/call.ts";
import type { McpLimits } from "./limits.ts";
import { isObject, type JsonObject } from "./protocol.ts";
import type { Texts } from "./texts.ts";
import type { Tool } from "./tool.ts";

/** `1250` with `EUR` → `12.50 EUR`. */
const amountText = (value: unknown, currency: unknown, texts: Texts): string | undefined => {
  const digits = String(value);
  if (!/^-?\d{1,19}$/.test(digits) || (typeof value !== "number" && typeof value !== "string" && typeof value !== "bigint"))
    return undefined;
  const exponent = typeof currency === "string" ? currencies.get(currency) : undefined;
  if (exponent === undefined) return `${digits} (${texts.minorUnits})`;
  const sign = digits.startsWith("-") ? "-" : "";
  const padded = digits.replace("-", "").padStart(exponent + 1, "0");
  const whole = padded.slice(0, padded.length - exponent);
  return `${sign}${whole}${exponent === 0 ? "" : `.${padded.slice(-exponent)}`} ${String(currency)}`;
};

/** The currency of an amount: of the field that is named for it, as it is given or by its default. */
const currencyOf = (field: Field | undefined, siblings: JsonObject, fields: Fields | undefined): unknown => {
  const { currency = "currency" } = (field?.options ?? {}) as MoneyOptions;
  return siblings[currency] ?? fields?.[currency]?.options.default;
};

/** Whole numbers beyond what JSON's readers hold stand as texts of digits. */
const withDigits = (_: string, value: unknown): unknown => (typeof value === "bigint" ? String(value) : value);

const plainText = (value: unknown, valueMax: number): string => {
  const text = typeof value === "bigint" ? String(value) : (JSON.stringify(value, withDigits) ?? "");
  // What JSON leaves as it is may still turn the line around (Unicode "bidirectional" and other invisible characters).
  const visible = text.replace(/[\p{Cf}\u2028\u2029]/gu, (one) => `\\u{${one.codePointAt(0)?.toString(16)}}`);
  return visible.length > valueMax ? `${visible.slice(0, valueMax)}…` : visible;
};

/** Any other name of a member stands as JSON too. */
const identifier = /^[A-Za-z][A-Za-z0-9]{0,63}$/;

class Lines {
  readonly lines: string[] = [];
  readonly #texts: Texts;
  readonly #limits: McpLimits;

  constructor(texts: Texts, limits: McpLimits) {
    this.#texts = texts;
    this.#limits = limits;
  }

  get isFull(): boolean {
    return this.lines.length >= this.#limits.shownLinesMax;
  }

  /** The members of an object; `fields`: what is known of them. */
  object(path: string, object: JsonObject, fields: Fields | undefined): void {
    for (const [name, value] of Object.entries(object)) {
      if (this.isFull) return;
      const field = fields !== undefined && Object.hasOwn(fields, name) ? fields[name] : undefined;
      const currency = currencyOf(field, object, fields);
      const label = identifier.test(name) ? name : plainText(name, this.#limits.shownValueMax);
      this.#value(path === "" ? label : `${path}.${label}`, value, field, currency);
    }
  }

  #value(path: string, value: unknown, field: Field | undefined, currency: unknown): void {
    const told = field?.options.secret === true ? "••••" : undefined;
    if (told === undefined && isObject(value)) return this.object(path, value, field?.fields);
    if (told === undefined && Array.isArray(value) && value.some((item) => isObject(item))) {
      for (const [at, item] of value.entries()) {
        if (this.isFull) return;
        this.#value(`${path}.${at + 1}`, item, field?.item, currency);
      }
      return;
    }
    const amount = field?.kind === "money" ? amountText(value, currency, this.#texts) : undefined;
    this.lines.push(
      `${path.slice(0, this.#limits.shownValueMax)}: ${told ?? amount ?? plainText(value, this.#limits.shownValueMax)}`,
    );
  }
}

/** The text that is confirmed. */
export const shownCall = (
  { shown, names }: Tool,
  { id, body }: Input,
  { texts, limits }: { readonly texts: Texts; readonly limits: McpLimits },
): string => {
  const lines = new Lines(texts, limits);
  if (id !== undefined) lines.object("", { [names.id ?? "id"]: id }, undefined);
  if (isObject(body)) lines.object("", body, shown.input);
  const more = lines.isFull ? ["…"] : [];
  return [texts.question, `${shown.name}: ${shown.doc}`, ...lines.lines, ...more].join("\n").slice(0, limits.shownLengthMax);
};
