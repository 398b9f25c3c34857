/**
 * Refusals. Their codes are part of the contract (`contract/refusal-types.ts`); a service adds its own in `refusals` of a function. A refusal is a
 * value, not an exception: a caller's mistake never throws.
 */
import type { Issue, Issues } from "../contract/issue.ts";
import { refusalTypes } from "../contract/refusal-types.ts";

export { refusalTypes };

export type RefusalType = keyof typeof refusalTypes;

export type { Issue, Issues };

export interface Refusal {
  readonly type: string;
  readonly status: number;
  /** English; channels localize by `type` (`error.<type>`) and `details`. */
  readonly message: string;
  readonly issues?: Issues;
  /** Machine-readable facts: a limit, an amount available. JSON-ready. */
  readonly details?: Readonly<Record<string, unknown>>;
  /** Seconds after which it may be tried again. */
  readonly retryAfter?: number;
  /** 405: methods that exist. */
  readonly allow?: readonly string[];
}

/** Makes a refusal of a platform code. */
export const refuse = (type: RefusalType, more: Omit<Partial<Refusal>, "type" | "status"> = {}): Refusal => ({
  type,
  status: refusalTypes[type].status,
  message: refusalTypes[type].doc,
  ...more,
});

/** Places that a refusal names: whoever sent more mistakes has the first of them. */
const placesMax = 100;

const bounded = (issues: Issues): Issues => {
  const places = Object.entries(issues);
  return places.length > placesMax ? Object.fromEntries(places.slice(0, placesMax)) : issues;
};

/** A refusal of wrong values. */
export const invalid = (issues: Issues): Refusal => refuse("validation_failed", { issues: bounded(issues) });
