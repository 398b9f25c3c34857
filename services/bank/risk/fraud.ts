/**
 * Fraud rules, as pure functions: which rules a movement meets, and what they decide together.
 *
 * Rules are asked in their order. The first live one whose conditions all hold decides, and no further rule is asked; a shadow rule that would have
 * matched before it is noted and decides nothing.
 *
 * Velocity is exact: of each account and rule the moments of the last movements are kept that met the rule's other conditions and were made.
 */
import type { FraudListEntry, FraudRule } from "./fraud-fields.ts";
import type { Movement } from "./limits.ts";

const minuteMs = 60_000;
const dayMs = 86_400_000;

/** What is known around a movement. */
export interface Surroundings {
  /** Milliseconds since 1970. */
  readonly nowMs: number;
  /** Country of an account's owner, if it has one. */
  readonly countryOf: (account: Movement["debit"]) => string | undefined;
  readonly entries: readonly Pick<FraudListEntry, "list" | "subject">[];
  /** Moments at which the debited account did what a rule watches for, oldest first. */
  readonly momentsOf: (rule: Pick<FraudRule, "id" | "velocityCount">, account: string) => readonly number[];
}

type Conditions = Omit<FraudRule, "id" | "name" | "order" | "mode" | "action" | "version" | "createdAt" | "updatedAt">;

const within = (country: string | undefined, countries: readonly string[] | null): boolean =>
  countries === null || (country !== undefined && countries.includes(country));

const isYoung = ({ kind, createdAt }: Movement["debit"], days: number, nowMs: number): boolean =>
  kind === "customer" && nowMs - Date.parse(createdAt) < days * dayMs;

/** Whether what a rule says of the movement alone holds: no row has to be looked up for it. */
export const meetsTerms = (
  { minAmount, currency, kinds }: Pick<Conditions, "minAmount" | "currency" | "kinds">,
  movement: Pick<Movement, "amount" | "currency" | "kind">,
): boolean =>
  (minAmount === null || movement.amount >= minAmount) &&
  (currency === null || currency === movement.currency) &&
  (kinds === null || (kinds as readonly string[]).includes(movement.kind));

/** Whether all conditions hold but the velocity. */
export const meetsAllButVelocity = (
  conditions: Conditions,
  movement: Movement,
  { nowMs, countryOf, entries }: Pick<Surroundings, "nowMs" | "countryOf" | "entries">,
): boolean => {
  if (!meetsTerms(conditions, movement)) return false;
  const { debit, credit } = movement;
  const { debitCountries, creditCountries, newAccountDays: days, list } = conditions;
  if (debitCountries !== null && !within(countryOf(debit), debitCountries)) return false;
  if (creditCountries !== null && !within(countryOf(credit), creditCountries)) return false;
  if (days !== null && !isYoung(debit, days, nowMs) && !isYoung(credit, days, nowMs)) return false;
  if (list === null) return true;
  const parties = [debit.id, credit.id, debit.customer, credit.customer];
  return entries.some((entry) => entry.list === list && parties.includes(entry.subject));
};

/** Whether a rule counts how often an account does something. */
export const hasVelocity = (rule: Pick<Conditions, "velocityCount" | "velocityMinutes">): boolean =>
  rule.velocityCount !== null && rule.velocityMinutes !== null;

/** Whether the account did it as often as the rule allows, before now. */
export const isTooFast = (
  { velocityCount, velocityMinutes }: Pick<Conditions, "velocityCount" | "velocityMinutes">,
  moments: readonly number[],
  nowMs: number,
): boolean => {
  if (velocityCount === null || velocityMinutes === null) return true;
  const since = nowMs - velocityMinutes * minuteMs;
  return moments.reduce((sum, moment) => (moment > since ? sum + 1 : sum), 0) >= velocityCount;
};

/** The moments with one more, as many as the rule needs. */
export const withMoment = (moments: readonly number[], nowMs: number, velocityCount: number): number[] =>
  [...moments, nowMs].slice(-velocityCount);

export interface Match {
  readonly rule: string;
  readonly mode: "live" | "shadow";
  readonly action: FraudRule["action"];
}

export interface Judgement {
  /** Rules that matched, in their order; the last one decides if it is live. */
  readonly matches: readonly Match[];
  /** Rules whose velocity counts this movement if it is made. */
  readonly counts: readonly FraudRule[];
  readonly action: FraudRule["action"];
}

/** Rules that are asked, in their order. */
export const inOrder = (rules: readonly FraudRule[]): readonly FraudRule[] =>
  rules.filter(({ mode }) => mode !== "off").toSorted((a, b) => a.order - b.order || (a.id < b.id ? -1 : 1));

/** What the rules, given in their order, decide. */
export const judge = (rules: readonly FraudRule[], movement: Movement, around: Surroundings): Judgement => {
  const matches: Match[] = [];
  const counts: FraudRule[] = [];
  for (const rule of rules) {
    if (rule.mode === "off" || !meetsAllButVelocity(rule, movement, around)) continue;
    if (hasVelocity(rule)) {
      counts.push(rule);
      if (!isTooFast(rule, around.momentsOf(rule, movement.debit.id), around.nowMs)) continue;
    }
    matches.push({ rule: rule.id, mode: rule.mode, action: rule.action });
    if (rule.mode === "live") return { matches, counts, action: rule.action };
  }
  return { matches, counts, action: "allow" };
};
