/**
 * `pons ledger verify`: recomputes the books from the rows of the log alone, one after the other, and compares with everything the bank has noted beside:
 * balances in the rows, counters of accounts, how holds stand, legs of transactions, seals. What does not agree is told, at most `findingsMax` of each kind.
 *
 * Needs memory for the accounts and the active holds, not for the log.
 */
import type { ToolContext, ToolReport } from "pons";
import { accounts } from "./account-fields.ts";
import { books } from "./book-fields.ts";
import { holds } from "./hold-fields.ts";
import { hashAfter, seals } from "./seals.ts";
import { transactions } from "./transaction-fields.ts";
import type { Transfer } from "./transfer-fields.ts";
import { transfers } from "./transfer-fields.ts";

const findingsMax = 20;

/** Counters of one account, as the log has them. */
interface Counters {
  debitsPosted: bigint;
  creditsPosted: bigint;
  debitsPending: bigint;
  creditsPending: bigint;
  version: number;
}

/** How a hold stands, as the log has it. */
interface Reserved {
  amount: bigint;
  captured: bigint;
  remaining: bigint;
  status: "active" | "captured" | "voided" | "expired";
}

class Findings {
  readonly lines: string[] = [];
  readonly #counts = new Map<string, number>();

  add(kind: string, text: string): void {
    const count = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, count);
    if (count <= findingsMax) this.lines.push(`${kind}: ${text}`);
    else if (count === findingsMax + 1) this.lines.push(`${kind}: further ones are not told`);
  }

  get count(): number {
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
  }
}

/** The log, replayed row by row. */
export class Replay {
  readonly accounts = new Map<string, Counters>();
  readonly holds = new Map<string, Reserved>();
  /** Legs of each transaction seen. */
  readonly legs = new Map<string, number>();
  readonly #reversed = new Set<string>();
  readonly #findings: Pick<Findings, "add">;
  seq = 0;

  constructor(findings: Pick<Findings, "add">) {
    this.#findings = findings;
  }

  add(row: Transfer): void {
    const wrong = (text: string): void => this.#findings.add("transfer", `${row.id} (seq ${row.seq}) ${text}`);
    if (row.seq !== this.seq + 1) wrong(`follows seq ${this.seq}`);
    this.seq = row.seq;
    if (row.amount < 0n) wrong(`moves ${row.amount}`);
    if (row.debit === row.credit) wrong("debits and credits one account");
    this.#hold(row, wrong);
    const debit = this.#counters(row.debit);
    const credit = this.#counters(row.credit);
    debit.debitsPosted += row.amount;
    debit.debitsPending += row.pending;
    credit.creditsPosted += row.amount;
    credit.creditsPending += row.pending;
    if (debit.debitsPending < 0n || credit.creditsPending < 0n) wrong("gives back more than was reserved");
    if (debit.creditsPosted - debit.debitsPosted !== row.debitBalance) wrong("notes another balance of the debited account");
    if (credit.creditsPosted - credit.debitsPosted !== row.creditBalance) wrong("notes another balance of the credited account");
    if (row.debitVersion <= debit.version || row.creditVersion <= credit.version) wrong("notes a version that was there before");
    debit.version = row.debitVersion;
    credit.version = row.creditVersion;
    if (row.transaction !== null) this.legs.set(row.transaction, (this.legs.get(row.transaction) ?? 0) + 1);
    if (row.reverses === null) return;
    if (this.#reversed.has(row.reverses)) wrong(`reverses ${row.reverses} a second time`);
    this.#reversed.add(row.reverses);
  }

  #counters(account: string): Counters {
    let counters = this.accounts.get(account);
    if (counters === undefined) {
      counters = { debitsPosted: 0n, creditsPosted: 0n, debitsPending: 0n, creditsPending: 0n, version: 0 };
      this.accounts.set(account, counters);
    }
    return counters;
  }

  #hold({ phase, hold: id, amount, pending }: Transfer, wrong: (text: string) => void): void {
    if (phase === "posted") {
      if (id !== null || pending !== 0n) wrong("is no step of a hold, but says so");
      return;
    }
    if (id === null) return wrong(`is a ${phase} of no hold`);
    let hold = this.holds.get(id);
    if (phase === "hold") {
      if (hold !== undefined) wrong(`opens ${id} a second time`);
      hold = { amount: 0n, captured: 0n, remaining: 0n, status: "active" };
      this.holds.set(id, hold);
    }
    if (hold === undefined) return wrong(`is a ${phase} of ${id}, which was not opened`);
    if (hold.status !== "active") wrong(`is a ${phase} of ${id}, which was ${hold.status}`);
    hold.remaining += pending;
    hold.captured += amount;
    if (pending > 0n) hold.amount += pending;
    if (phase === "capture" && hold.remaining === 0n) hold.status = "captured";
    if (phase === "void") hold.status = "voided";
    if (phase === "expiry") hold.status = "expired";
    if (hold.remaining < 0n) wrong(`takes more from ${id} than it reserved`);
    if ((phase === "void" || phase === "expiry") && hold.remaining !== 0n) wrong(`leaves ${hold.remaining} of ${id} reserved`);
  }
}

interface SealState {
  hash: string;
  readonly at: Map<number, { readonly fromSeq: number; readonly hash: string; readonly previous: string }>;
  sealedSeq: number;
}

const sealsOf = async (ctx: ToolContext, findings: Findings): Promise<SealState> => {
  const state: SealState = { hash: "", at: new Map(), sealedSeq: 0 };
  let previous = { toSeq: 0, hash: "" };
  for await (const seal of ctx.scan(seals, { sortBy: "toSeq" })) {
    if (seal.fromSeq !== previous.toSeq + 1)
      findings.add("seal", `${seal.id} begins at seq ${seal.fromSeq}, after ${previous.toSeq}`);
    if (seal.previous !== previous.hash) findings.add("seal", `${seal.id} does not follow the one before it`);
    state.at.set(seal.toSeq, seal);
    state.sealedSeq = seal.toSeq;
    previous = seal;
  }
  for await (const { sealedSeq, sealHash } of ctx.scan(books)) {
    if (sealedSeq !== previous.toSeq || sealHash !== previous.hash)
      findings.add("seal", "the last one is not the one the books know");
  }
  return state;
};

const checkAccounts = async (ctx: ToolContext, replay: Replay, findings: Findings): Promise<number> => {
  const sums = new Map<string, bigint>();
  const known = new Set<string>();
  for await (const account of ctx.scan(accounts)) {
    known.add(account.id);
    const counters = replay.accounts.get(account.id);
    for (const name of ["debitsPosted", "creditsPosted", "debitsPending", "creditsPending"] as const) {
      const expected = counters?.[name] ?? 0n;
      if (account[name] !== expected) findings.add("account", `${account.id} has ${name} ${account[name]}, the log ${expected}`);
    }
    if (account.balance !== account.creditsPosted - account.debitsPosted)
      findings.add("account", `${account.id} has a balance that is not what was credited less what was debited`);
    sums.set(account.currency, (sums.get(account.currency) ?? 0n) + account.balance);
  }
  for (const id of replay.accounts.keys()) if (!known.has(id)) findings.add("account", `${id} is in the log and nowhere else`);
  for (const [currency, sum] of sums) if (sum !== 0n) findings.add("sum", `the balances in ${currency} add up to ${sum}`);
  return known.size;
};

const checkHolds = async (ctx: ToolContext, replay: Replay, findings: Findings): Promise<number> => {
  let count = 0;
  for await (const hold of ctx.scan(holds)) {
    count++;
    const expected = replay.holds.get(hold.id);
    const agrees =
      expected !== undefined &&
      expected.amount === hold.amount &&
      expected.captured === hold.captured &&
      expected.remaining === hold.remaining &&
      expected.status === hold.status;
    if (!agrees) findings.add("hold", `${hold.id} does not stand as the log says`);
  }
  if (count !== replay.holds.size) findings.add("hold", `there are ${count}, and ${replay.holds.size} in the log`);
  return count;
};

const checkTransactions = async (ctx: ToolContext, replay: Replay, findings: Findings): Promise<number> => {
  let count = 0;
  for await (const { id, legs } of ctx.scan(transactions)) {
    count++;
    const found = replay.legs.get(id) ?? 0;
    if (found !== legs) findings.add("transaction", `${id} has ${legs} legs, and ${found} in the log`);
  }
  if (count !== replay.legs.size) findings.add("transaction", `there are ${count}, and ${replay.legs.size} in the log`);
  return count;
};

/** Verifies the books of one environment. */
export const verify = async (ctx: ToolContext): Promise<ToolReport> => {
  const findings = new Findings();
  const state = await sealsOf(ctx, findings);
  const replay = new Replay(findings);
  let rows = 0;
  for await (const row of ctx.scan(transfers, { sortBy: "seq" })) {
    rows++;
    replay.add(row);
    if (row.seq > state.sealedSeq) continue;
    state.hash = hashAfter(state.hash, row);
    const seal = state.at.get(row.seq);
    if (seal !== undefined && seal.hash !== state.hash)
      findings.add("seal", `the rows up to seq ${row.seq} are not those that were sealed`);
    // A seal that does not fit is told once; what follows is measured against it.
    if (seal !== undefined) state.hash = seal.hash;
  }
  if (replay.seq < state.sealedSeq) findings.add("seal", `seq ${state.sealedSeq} was sealed, and the log ends at ${replay.seq}`);
  const facts = {
    transfers: rows,
    sealed: state.sealedSeq,
    accounts: await checkAccounts(ctx, replay, findings),
    holds: await checkHolds(ctx, replay, findings),
    transactions: await checkTransactions(ctx, replay, findings),
    findings: findings.count,
  };
  const summary = `${facts.transfers} transfers (${facts.sealed} sealed), ${facts.accounts} accounts, ${facts.holds} holds, ${facts.transactions} transactions`;
  return {
    ok: findings.count === 0,
    facts: { ...facts, ...(findings.count === 0 ? {} : { wrong: findings.lines }) },
    lines: findings.count === 0 ? [`The books agree: ${summary}.`] : [`The books do not agree: ${summary}.`, ...findings.lines],
  };
};
