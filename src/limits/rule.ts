/**
 * Limits of calls: what is counted, for whom, and how much of it is allowed.
 *
 *   { name: "burst",      kind: "burst",       limit: 100,       windowSeconds: 10, key: "acme/live/app_1" }
 *   { name: "minute",     kind: "rate",        limit: 1_000,     windowSeconds: 60, key: "acme/live/app_1" }
 *   { name: "concurrent", kind: "concurrency", limit: 50,        windowSeconds: 0,  key: "acme/live" }
 *   { name: "monthly",    kind: "quota",       limit: 1_000_000, windowSeconds: 0,  period: "month", key: "acme/live" }
 *
 * burst: a bucket of `limit` units that fills up evenly, whole in `windowSeconds` (GCRA, ITU-T I.371). rate: never more than `limit` units in any
 * window of that length. concurrency: calls at once. quota, spend: units, or minor units of money, per calendar day or month in UTC. payload:
 * bytes, in any window as `rate`, or of one call where `windowSeconds` is 0.
 *
 * A rule is found by its name and key together. Whoever makes many calls under one rule hands in the same object each time: it is faster.
 */

export type LimitKind = "burst" | "rate" | "concurrency" | "quota" | "spend" | "payload";
export type LimitPeriod = "day" | "month";

export interface LimitRule {
  /** As shown in RateLimit-Policy: printable ASCII. */
  readonly name: string;
  readonly kind: LimitKind;
  /** Units; calls at once; minor units of money; bytes. A whole number up to 2^53 − 1. */
  readonly limit: number;
  readonly windowSeconds: number;
  /** Of quota and spend, which have no window. */
  readonly period?: LimitPeriod;
  /** What is counted, with its tenant. */
  readonly key: string;
  /** What this call takes of it, where that is not the call's cost: an amount of money, bytes. Concurrency always takes one. */
  readonly units?: number;
}

/** A limit as it stands after a call (draft-ietf-httpapi-ratelimit-headers). */
export interface LimitState {
  readonly name: string;
  /** Units per window. */
  readonly quota: number;
  /** 0 where there is no window: concurrency, the size of one call. */
  readonly windowSeconds: number;
  readonly remaining: number;
  /** Seconds until the whole quota is there again; of the rule that denied a call, until that call would fit. Rounded up. */
  readonly resetSeconds: number;
}

export type DenialReason = "rate" | "quota" | "concurrency" | "spend" | "payload" | "store_unavailable";

export interface Admitted {
  readonly ok: true;
  /** In the order of the rules. */
  readonly states: readonly LimitState[];
}

export interface Denied {
  readonly ok: false;
  readonly states: readonly LimitState[];
  /** Of all rules that said no, the one to wait for longest. */
  readonly denied: LimitState;
  /** At least 1, and never less than `denied.resetSeconds`. */
  readonly retryAfterSeconds: number;
  readonly reason: DenialReason;
}

export type Admission = Admitted | Denied;

export interface Limiter {
  /**
   * All rules or none: a denied call consumes nothing. `units`: the call's cost, a whole number from 0. `nowMs`: wall clock, for calendar
   * periods only. Throws RangeError for a rule or cost that makes no sense.
   */
  admit(rules: readonly LimitRule[], units: number, nowMs: number): Admission | Promise<Admission>;
  /** Ends an admitted call: its places under rules of concurrency are free again. Other rules are passed over. */
  release(rules: readonly LimitRule[]): void;
  /** Gives back what an admitted call took of quota and spend, because it came to nothing. Never more than was used in this period. */
  refund(rules: readonly LimitRule[], units: number): void;
}

/** `percent` of a limit is used: told once per window or period and key. Must not throw. */
export type ThresholdListener = (key: string, name: string, percent: 80 | 100, used: number, limit: number) => void;

/**
 * What was used of a quota or a spend limit before this process counted: asked at first use of each key and period. `period`: "2026-11-28" or
 * "2026-11", in UTC. It must not call the limiter.
 */
export type LoadUsed = (key: string, period: string, rule: LimitRule) => number | Promise<number>;

const periods: readonly (string | undefined)[] = ["day", "month"];

/** Throws RangeError where a rule makes no sense. */
export function checkRule(rule: LimitRule): void {
  const refuse = (why: string): never => {
    throw new RangeError(`limit ${JSON.stringify(rule.name)}: ${why}`);
  };
  if (!/^[\x20-\x7e]{1,100}$/.test(rule.name)) refuse("its name is not 1 to 100 printable ASCII characters");
  if (rule.key.length > 1_000) refuse("its key is longer than 1,000 characters");
  if (!Number.isSafeInteger(rule.limit) || rule.limit < 0) refuse(`${rule.limit} is not a whole number from 0`);
  if (rule.kind === "quota" || rule.kind === "spend") {
    if (!periods.includes(rule.period)) refuse("it needs a period, day or month");
    return;
  }
  if (rule.period !== undefined) refuse(`a ${rule.kind} limit has no period`);
  if (rule.kind === "concurrency" || (rule.kind === "payload" && rule.windowSeconds === 0)) return;
  const windowMs = windowMsOf(rule);
  const isWhole = Math.abs(windowMs - rule.windowSeconds * 1000) < 1e-6;
  if (!isWhole || windowMs < 1 || windowMs > windowMsMax)
    refuse(`its window of ${rule.windowSeconds} s is not of whole milliseconds up to 31 days`);
}

const windowMsMax = 31 * 86_400_000;

/** A window in whole milliseconds: 1.001 s is 1001. */
export const windowMsOf = (rule: LimitRule): number => Math.round(rule.windowSeconds * 1000);

/** What a call of the cost `units` takes under a rule. */
export function unitsOf(rule: LimitRule, units: number): number {
  if (rule.kind === "concurrency") return 1;
  const taken = rule.units ?? units;
  if (!Number.isSafeInteger(taken) || taken < 0) throw new RangeError(`a call cannot cost ${taken} units`);
  return taken;
}

const reasons: Readonly<Record<LimitKind, DenialReason>> = {
  burst: "rate",
  rate: "rate",
  concurrency: "concurrency",
  quota: "quota",
  spend: "spend",
  payload: "payload",
};

/** Why a call is refused by a rule. Bytes per window are a rate; bytes of one call are its payload. */
export function reasonOf(rule: LimitRule): DenialReason {
  return rule.kind === "payload" && rule.windowSeconds > 0 ? "rate" : reasons[rule.kind];
}
