/**
 * Limits and fraud rules around one command: what they have against its movements, one after the other, and what is written when all of them are made.
 *
 *   loadMore: ({ input, loaded, all, now }) => riskLoads({ all, now }, [{ ...input, debit: loaded.debit, credit: loaded.credit }]),
 *   run: (ctx, { input }) => {
 *     const risk = openRisk(ctx);
 *     const finding = risk.check(input);             // kyc_required · limit_exceeded · fraud_declined · review_required, in this order
 *     if (finding !== undefined) { risk.keep(); return ctx.refuse(finding.type, finding.details, { keep: true }); }
 *     …                                              // the movement is made
 *     risk.record([transfer.id]);
 *   }
 *
 * A check counts its movement for the checks after it, and writes nothing. A movement made at once and a hold count alike, a hold when it is
 * authorized; what it does not use is given back (`release.ts`). Where there is no rule, nothing is loaded, checked or written.
 */
import { type AllOf, type CommandContext, type RowsRequest, rowsOf } from "pons";
import { accounts } from "../account-fields.ts";
import { customers } from "../customer-fields.ts";
import { derivedId } from "../derived-id.ts";
import type { Account, Finding, Kind } from "../outcomes.ts";
import { type Judgement, hasVelocity, inOrder, judge, meetsTerms, withMoment } from "./fraud.ts";
import { fraudDecisions } from "./fraud-decisions.ts";
import type { FraudRule, fraudVelocityFields } from "./fraud-fields.ts";
import { fraudListEntries } from "./fraud-list-entries.ts";
import { fraudRules } from "./fraud-rules.ts";
import { fraudVelocity } from "./fraud-velocity.ts";
import type { LimitRule, limitUsageFields, Tier } from "./limit-fields.ts";
import { limitRules } from "./limit-rules.ts";
import { limitUsage } from "./limit-usage.ts";
import {
  type Counted,
  countedIn,
  excessOf,
  isJudged,
  isOfTier,
  type Movement,
  plus,
  sideOf,
  subjectOf,
  usageIdOf,
} from "./limits.ts";

/** A movement as a command knows it. */
export interface RiskTerms {
  readonly debit: string;
  readonly credit: string;
  /** Minor units, greater than zero. */
  readonly amount: bigint;
  readonly currency: string;
  readonly kind: Kind;
}

/** A movement before it is checked: accounts that are not there are refused by the ledger itself. */
export type Announced = Omit<RiskTerms, "debit" | "credit"> & {
  readonly debit: Account | undefined;
  readonly credit: Account | undefined;
};

/** What a hold added to the counter of a limit. */
export interface Reservation {
  /** Row of `limitUsage`. */
  readonly usage: string;
  readonly windowStart: string;
  readonly amount: bigint;
  readonly count: number;
}

export interface Risk {
  /** What stands against a movement whose accounts were read in this batch; without a finding, it is counted. `count`: 0 for more of the same hold. */
  check(movement: RiskTerms, options?: { readonly count: 0 | 1 }): Finding | undefined;
  /** What the checked movement adds to counters; a hold keeps it (`holds.counted`). */
  reservations(): readonly Reservation[];
  /** Writes the counters and the decisions; ids of the transfers or holds, one for each check, in order. */
  record(movements: readonly string[]): void;
  /** Writes only the decisions: the last movement was declined or put to approval. Refuse with `keep: true`. */
  keep(approval?: string): void;
}

type OwnerRow = { readonly country: string; readonly kycTier?: Tier };

const velocityIdOf = (rule: string, account: string): string => derivedId("frv", `${rule} ${account}`);

/** Rows that the checks of movements need, for a command's `loadMore`. */
export const riskLoads = (
  { all }: { readonly all: AllOf },
  movements: readonly Announced[],
): {
  readonly riskUsage: RowsRequest<typeof limitUsageFields>;
  readonly riskVelocity: RowsRequest<typeof fraudVelocityFields>;
  readonly riskOwners: RowsRequest<(typeof customers)["fields"]>;
} => {
  const usage = new Set<string>();
  const velocity = new Set<string>();
  const owners = new Set<string>();
  const limits = all(limitRules);
  const rules = all(fraudRules);
  if (limits.length > 0 || rules.length > 0)
    for (const { debit, credit, ...terms } of movements) {
      if (debit === undefined || credit === undefined || !isJudged(terms.kind)) continue;
      const movement = { ...terms, debit, credit };
      for (const rule of limits) {
        const subject = subjectOf(rule, movement);
        if (subject === undefined) continue;
        usage.add(usageIdOf(rule.id, subject, terms.currency));
        const { customer } = sideOf(rule, movement);
        if (rule.tier !== null && customer !== null) owners.add(customer);
      }
      for (const rule of rules) {
        if (rule.mode === "off" || !meetsTerms(rule, movement)) continue;
        if (hasVelocity(rule)) velocity.add(velocityIdOf(rule.id, debit.id));
        if (rule.debitCountries !== null && debit.customer !== null) owners.add(debit.customer);
        if (rule.creditCountries !== null && credit.customer !== null) owners.add(credit.customer);
      }
    }
  return {
    riskUsage: rowsOf(limitUsage, [...usage]),
    riskVelocity: rowsOf(fraudVelocity, [...velocity]),
    riskOwners: rowsOf(customers, [...owners]),
  };
};

const nothing: Risk = { check: () => undefined, reservations: () => [], record: () => undefined, keep: () => undefined };

interface Counter {
  readonly rule: LimitRule;
  readonly subject: string;
  readonly currency: string;
  counted: Counted;
}

interface Checked {
  readonly movement: Movement;
  readonly judgement: Judgement | undefined;
}

class Rules implements Risk {
  readonly #ctx: CommandContext;
  readonly #limits: readonly LimitRule[];
  readonly #fraud: readonly FraudRule[];
  readonly #hasLists: boolean;
  readonly #counters = new Map<string, Counter>();
  readonly #moments = new Map<string, { readonly rule: FraudRule; readonly account: string; moments: readonly number[] }>();
  readonly #checked: Checked[] = [];
  readonly #added = new Map<string, Reservation>();

  constructor(ctx: CommandContext, limits: readonly LimitRule[], fraud: readonly FraudRule[]) {
    this.#ctx = ctx;
    this.#limits = limits;
    this.#fraud = inOrder(fraud);
    this.#hasLists = fraud.some(({ list }) => list !== null);
  }

  check(terms: RiskTerms, { count }: { readonly count: 0 | 1 } = { count: 1 }): Finding | undefined {
    const table = this.#ctx.table(accounts);
    const debit = table.loaded(terms.debit);
    const credit = table.loaded(terms.credit);
    if (debit === undefined || credit === undefined) throw new Error("limits were asked about accounts that are not there");
    const { amount, currency, kind } = terms;
    const movement: Movement = { debit, credit, amount, currency, kind };
    if (!isJudged(kind)) {
      this.#checked.push({ movement, judgement: undefined });
      return undefined;
    }
    const counters = this.#countersOf(movement);
    const excess = this.#excess(counters, amount, count);
    if (excess !== undefined) return excess;
    const judgement = this.#fraud.length === 0 ? undefined : this.#judge(movement);
    this.#checked.push({ movement, judgement });
    if (judgement !== undefined && judgement.action !== "allow") {
      const rule = judgement.matches.at(-1)?.rule;
      return judgement.action === "decline"
        ? { type: "fraud_declined", details: { rule } }
        : { type: "review_required", details: { rule } };
    }
    for (const [usage, counter] of counters) {
      counter.counted = plus(counter.counted, amount, count);
      this.#counters.set(usage, counter);
      this.#reserve(usage, counter.counted.windowStart, amount, count);
    }
    if (count === 1) for (const rule of judgement?.counts ?? []) this.#count(rule, debit.id);
    return undefined;
  }

  reservations(): readonly Reservation[] {
    return [...this.#added.values()];
  }

  record(movements: readonly string[]): void {
    if (movements.length !== this.#checked.length) throw new Error("every checked movement is recorded, and no other");
    const table = this.#ctx.table(limitUsage);
    for (const [id, { rule, subject, currency, counted }] of this.#counters) {
      if (table.loaded(id) === undefined) table.insert({ id, rule: rule.id, subject, currency, ...counted });
      else table.update(id, counted);
    }
    const velocities = this.#ctx.table(fraudVelocity);
    for (const [id, { rule, account, moments }] of this.#moments) {
      if (velocities.loaded(id) === undefined) velocities.insert({ id, rule: rule.id, account, moments: [...moments] });
      else velocities.update(id, { moments: [...moments] });
    }
    for (const [position, movement] of movements.entries()) this.#decide(this.#checked[position], movement, null);
  }

  keep(approval?: string): void {
    // What came before it in the same command was not made either.
    this.#decide(this.#checked.at(-1), null, approval ?? null);
  }

  #decide(checked: Checked | undefined, movement: string | null, approval: string | null): void {
    for (const match of checked?.judgement?.matches ?? []) {
      const { debit, credit, amount, currency, kind } = (checked as Checked).movement;
      this.#ctx.table(fraudDecisions).insert({
        ...match,
        movement,
        approval: match.action === "review" && match.mode === "live" ? approval : null,
        debit: debit.id,
        credit: credit.id,
        amount,
        currency,
        kind: kind as Kind,
      });
    }
  }

  /** The counters that a movement adds to, as those before it in this command left them. */
  #countersOf(movement: Movement): Map<string, Counter> {
    const found = new Map<string, Counter>();
    for (const rule of this.#limits) {
      const subject = subjectOf(rule, movement);
      if (subject === undefined) continue;
      if (rule.tier !== null && this.#tierOf(sideOf(rule, movement)) !== rule.tier) continue;
      const { currency } = movement;
      const id = usageIdOf(rule.id, subject, currency);
      const known = this.#counters.get(id)?.counted ?? countedIn(this.#ctx.table(limitUsage).loaded(id), rule, this.#ctx.now);
      found.set(id, { rule, subject, currency, counted: known });
    }
    return found;
  }

  /** Limits of a tier come first: they say that the customer has to be verified. */
  #excess(counters: ReadonlyMap<string, Counter>, amount: bigint, count: number): Finding | undefined {
    let found: Finding | undefined;
    for (const { rule, counted } of counters.values()) {
      if (found !== undefined && !isOfTier(rule.tier)) continue;
      const excess = excessOf(rule, counted, amount, count);
      if (excess?.type === "kyc_required") return excess;
      found ??= excess;
    }
    return found;
  }

  #judge(movement: Movement): Judgement {
    return judge(this.#fraud, movement, {
      nowMs: Date.parse(this.#ctx.now),
      countryOf: (account) => this.#ownerOf(account)?.country,
      entries: this.#hasLists ? this.#ctx.table(fraudListEntries).all() : [],
      momentsOf: (rule, account) => this.#momentsOf(velocityIdOf(rule.id, account)),
    });
  }

  #momentsOf(id: string): readonly number[] {
    return this.#moments.get(id)?.moments ?? this.#ctx.table(fraudVelocity).loaded(id)?.moments ?? [];
  }

  #count(rule: FraudRule, account: string): void {
    const id = velocityIdOf(rule.id, account);
    const moments = withMoment(this.#momentsOf(id), Date.parse(this.#ctx.now), rule.velocityCount ?? 1);
    this.#moments.set(id, { rule, account, moments });
  }

  #reserve(usage: string, windowStart: string, amount: bigint, count: number): void {
    const known = this.#added.get(usage);
    this.#added.set(usage, {
      usage,
      windowStart,
      amount: (known?.amount ?? 0n) + amount,
      count: (known?.count ?? 0) + count,
    });
  }

  #ownerOf({ customer }: Account): OwnerRow | undefined {
    return customer === null ? undefined : this.#ctx.table(customers).loaded(customer);
  }

  #tierOf(account: Account): Tier | undefined {
    const owner = this.#ownerOf(account);
    return owner === undefined ? undefined : (owner.kycTier ?? "none");
  }
}

/** Limits and fraud rules around one command. Without `fraud`, limits only: for a movement that somebody has reviewed. */
export const openRisk = (ctx: CommandContext, { fraud = true }: { readonly fraud?: boolean } = {}): Risk => {
  const limits = ctx.table(limitRules).all();
  const rules = fraud ? ctx.table(fraudRules).all() : [];
  return limits.length === 0 && rules.length === 0 ? nothing : new Rules(ctx, limits, rules);
};

/** Fetches what the checks of movements need, one after the other: for commands that do not know it when they are loaded. */
export const prepareRisk = async (ctx: CommandContext, movements: readonly RiskTerms[]): Promise<void> => {
  const announced: Announced[] = [];
  for (const { debit, credit, ...terms } of movements)
    announced.push({ ...terms, debit: await ctx.table(accounts).get(debit), credit: await ctx.table(accounts).get(credit) });
  const all: AllOf = (resource) => ctx.table(resource).all();
  const { riskUsage, riskVelocity, riskOwners } = riskLoads({ all }, announced);
  for (const id of riskUsage.ids) await ctx.table(limitUsage).get(id);
  for (const id of riskVelocity.ids) await ctx.table(fraudVelocity).get(id);
  for (const id of riskOwners.ids) await ctx.table(customers).get(id);
};
