/**
 * The Prefer header (RFC 7240), and Pons's own preferences. An unknown or malformed preference is ignored, as the RFC
 * demands; of one given twice the first counts (section 2). Limits: 2,048 characters, 64 preferences. Never throws.
 */
import { BoundedCache } from "./bounded-cache.ts";
import { splitOutsideQuotes } from "./weighted.ts";

export interface Preferences {
  readonly return?: "minimal" | "representation";
  readonly respondAsync?: true;
  /** Seconds, 0 to 86,400 (more is read as 86,400). */
  readonly waitSeconds?: number;
  readonly handling?: "strict" | "lenient";
  /** Pons: how a batch is executed, `atomic` or `independent`. */
  readonly strategy?: "atomic" | "independent";
  /** Pons: `envelope=none`, the bare data. */
  readonly envelope?: "none";
}

const LENGTH_MAX = 2048;
const PREFERENCES_MAX = 64;
const WAIT_SECONDS_MAX = 86_400;
const NONE: Preferences = Object.freeze({});
const cache = new BoundedCache<Preferences>();

type Mutable<Value> = { -readonly [Key in keyof Value]: Value[Key] };

/** `return=minimal, wait=10` → `{ return: "minimal", waitSeconds: 10 }`; no header is `{}`. */
export function parsePrefer(header: string | null | undefined): Preferences {
  if (header === null || header === undefined || header.length > LENGTH_MAX) return NONE;
  const known = cache.get(header);
  if (known !== undefined) return known;
  const found: Mutable<Preferences> = {};
  for (const preference of splitOutsideQuotes(header, ",").slice(0, PREFERENCES_MAX)) apply(found, preference);
  const preferences = Object.freeze(found);
  cache.set(header, preferences);
  return preferences;
}

/** The names of the preferences that were honoured, as Preference-Applied wants them; undefined when none was. */
export function preferenceApplied(applied: Preferences): string | undefined {
  const parts: string[] = [];
  if (applied.return !== undefined) parts.push(`return=${applied.return}`);
  if (applied.respondAsync === true) parts.push("respond-async");
  if (applied.waitSeconds !== undefined) parts.push(`wait=${applied.waitSeconds}`);
  if (applied.handling !== undefined) parts.push(`handling=${applied.handling}`);
  if (applied.strategy !== undefined) parts.push(applied.strategy);
  if (applied.envelope !== undefined) parts.push(`envelope=${applied.envelope}`);
  return parts.length === 0 ? undefined : parts.join(", ");
}

function apply(found: Mutable<Preferences>, preference: string): void {
  const [first = ""] = splitOutsideQuotes(preference, ";");
  const equals = first.indexOf("=");
  const name = (equals === -1 ? first : first.slice(0, equals)).trim().toLowerCase();
  const value = equals === -1 ? "" : unquote(first.slice(equals + 1).trim()).toLowerCase();
  switch (name) {
    case "return":
      if (value === "minimal" || value === "representation") found.return ??= value;
      break;
    case "respond-async":
      if (value === "") found.respondAsync = true;
      break;
    case "wait":
      if (/^[0-9]{1,10}$/.test(value)) found.waitSeconds ??= Math.min(Number(value), WAIT_SECONDS_MAX);
      break;
    case "handling":
      if (value === "strict" || value === "lenient") found.handling ??= value;
      break;
    case "atomic":
    case "independent":
      if (value === "") found.strategy ??= name;
      break;
    case "envelope":
      if (value === "none") found.envelope ??= value;
      break;
  }
}

function unquote(text: string): string {
  return text.length >= 2 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1) : text;
}
