/**
 * The reference ledger: what the bank's ledger must do, in plain TypeScript, one file, no database. It is written to be read: one rule after the other, in
 * the order of precedence, on numbers in memory. The property tests hold the bank against it, outcome by outcome and balance by balance.
 *
 * Accounts, holds and ids are small numbers here; a test maps them to real ones. Amounts are minor units. Time is in milliseconds.
 */

export interface Account {
  readonly currency: string;
  readonly overdraft: number;
  readonly cap: number | undefined;
  status: "active" | "frozen" | "closed";
  balance: number;
  /** Reserved by holds that will debit, and announced by holds that will credit. */
  debitsPending: number;
  creditsPending: number;
}

interface Hold {
  readonly debit: number;
  readonly credit: number;
  readonly currency: string;
  readonly expiresAt: number;
  /** What was asked at first; the same wish again must agree with it. */
  readonly terms: string;
  amount: number;
  captured: number;
  remaining: number;
  status: "active" | "captured" | "voided" | "expired";
}

export interface Leg {
  readonly debit: number;
  readonly credit: number;
  readonly amount: number;
  readonly currency: string;
}

export type Wish =
  | ({ readonly do: "transfer"; readonly id: number | undefined } & Leg)
  | { readonly do: "transaction"; readonly id: number | undefined; readonly legs: readonly Leg[] }
  | ({ readonly do: "hold"; readonly id: number; readonly hours: number } & Leg)
  | { readonly do: "increment"; readonly hold: number; readonly amount: number }
  | {
      readonly do: "capture";
      readonly hold: number;
      readonly amount: number | undefined;
      readonly final: boolean;
      readonly id: number | undefined;
    }
  | { readonly do: "void"; readonly hold: number }
  | { readonly do: "reverse"; readonly id: number }
  | { readonly do: "freeze" | "unfreeze"; readonly account: number };

interface Posted extends Leg {
  readonly phase: "posted" | "capture" | "reversal";
  /** Of a capture: its hold. */
  readonly hold?: number;
}

const hourMs = 3_600_000;

export class ReferenceLedger {
  readonly accounts: readonly Account[];
  readonly holds = new Map<number, Hold>();
  /** Transfers by the id their client chose. */
  readonly #transfers = new Map<number, Posted>();
  readonly #transactions = new Map<number, string>();
  readonly #reversed = new Set<number>();
  /** Ids that a refusal has spent: of transfers, transactions and holds. */
  readonly #spent = new Set<string>();
  /** Steps in the log so far. */
  steps = 0;
  readonly base: number;

  constructor(accounts: readonly Account[], base: number) {
    this.accounts = accounts;
    this.base = base;
  }

  /** What comes before everything else at a moment: holds whose time is up give back what they reserve. */
  release(now: number): void {
    for (const hold of this.holds.values()) {
      if (hold.status !== "active" || hold.expiresAt > now) continue;
      this.#giveBack(hold);
      hold.status = "expired";
    }
  }

  /** Does what is wished, or tells why not: `created`, `replayed`, `done` or the type of the refusal. */
  outcome(wish: Wish, now: number): string {
    switch (wish.do) {
      case "transfer":
        return this.#transfer(wish);
      case "transaction":
        return this.#transaction(wish);
      case "hold":
        return this.#authorize(wish, now);
      case "increment":
        return this.#increment(wish, now);
      case "capture":
        return this.#capture(wish, now);
      case "void":
        return this.#void(wish.hold, now);
      case "reverse":
        return this.#reverse(wish.id);
      case "freeze":
        return this.#freeze(wish.account);
      case "unfreeze":
        return this.#unfreeze(wish.account);
    }
  }

  #transfer({ id, debit, credit, amount, currency }: Leg & { readonly id: number | undefined }): string {
    if (amount < 1) return "invalid_amount";
    const known = id === undefined ? undefined : this.#transfers.get(id);
    if (known !== undefined) {
      const same =
        known.phase === "posted" &&
        known.debit === debit &&
        known.credit === credit &&
        known.amount === amount &&
        known.currency === currency;
      return same ? "replayed" : "exists_with_different_fields";
    }
    if (id !== undefined && this.#spent.has(`transfer ${id}`)) return "id_already_failed";
    if (debit === credit) return "same_account";
    const flaw = this.#flaw({ debit, credit, amount, currency }, { moves: amount, reserves: 0 });
    if (flaw !== undefined) {
      if (id !== undefined) this.#spent.add(`transfer ${id}`);
      return flaw;
    }
    this.#move({ debit, credit }, amount);
    if (id !== undefined) this.#transfers.set(id, { debit, credit, amount, currency, phase: "posted" });
    return "created";
  }

  #transaction({ id, legs }: { readonly id: number | undefined; readonly legs: readonly Leg[] }): string {
    const terms = JSON.stringify(legs.map(({ debit, credit, amount, currency }) => [debit, credit, amount, currency]));
    if (id !== undefined && this.#transactions.has(id))
      return this.#transactions.get(id) === terms ? "replayed" : "exists_with_different_fields";
    if (id !== undefined && this.#spent.has(`transaction ${id}`)) return "id_already_failed";
    const before = this.accounts.map((account) => ({ ...account }));
    const steps = this.steps;
    for (const leg of legs) {
      const malformed = leg.amount < 1 || leg.debit === leg.credit;
      const flaw = malformed ? "malformed" : this.#flaw(leg, { moves: leg.amount, reserves: 0 });
      if (flaw === undefined) {
        this.#move(leg, leg.amount);
        continue;
      }
      for (const [position, account] of before.entries()) Object.assign(this.accounts[position] as Account, account);
      this.steps = steps;
      if (id !== undefined && !malformed) this.#spent.add(`transaction ${id}`);
      return "linked_failed";
    }
    if (id !== undefined) this.#transactions.set(id, terms);
    return "created";
  }

  #authorize(wish: Leg & { readonly id: number; readonly hours: number }, now: number): string {
    const { id, debit, credit, amount, currency, hours } = wish;
    const expiresAt = this.base + hours * hourMs;
    const terms = JSON.stringify([debit, credit, amount, currency, expiresAt]);
    if (amount < 1) return "invalid_amount";
    const known = this.holds.get(id);
    if (known !== undefined) {
      return known.terms === terms ? "replayed" : "exists_with_different_fields";
    }
    if (this.#spent.has(`hold ${id}`)) return "id_already_failed";
    if (expiresAt <= now) return "invalid_expires_at";
    if (debit === credit) return "same_account";
    const flaw = this.#flaw({ debit, credit, amount, currency }, { moves: 0, reserves: amount });
    if (flaw !== undefined) {
      this.#spent.add(`hold ${id}`);
      return flaw;
    }
    const hold: Hold = { debit, credit, currency, expiresAt, terms, amount: 0, captured: 0, remaining: 0, status: "active" };
    this.holds.set(id, hold);
    this.#reserve(hold, amount);
    return "created";
  }

  #increment({ hold: id, amount }: { readonly hold: number; readonly amount: number }, now: number): string {
    const hold = this.holds.get(id);
    if (hold === undefined) return "not_found";
    if (amount < 1) return "invalid_amount";
    const flaw = this.#inactive(hold, now) ?? this.#flaw({ ...hold, amount }, { moves: 0, reserves: amount });
    if (flaw !== undefined) return flaw;
    this.#reserve(hold, amount);
    return "done";
  }

  #capture(wish: Extract<Wish, { do: "capture" }>, now: number): string {
    const hold = this.holds.get(wish.hold);
    if (hold === undefined) return "not_found";
    const known = wish.id === undefined ? undefined : this.#transfers.get(wish.id);
    if (known !== undefined) {
      const same = known.phase === "capture" && known.hold === wish.hold && (wish.amount ?? known.amount) === known.amount;
      return same ? "replayed" : "exists_with_different_fields";
    }
    if (wish.id !== undefined && this.#spent.has(`transfer ${wish.id}`)) return "id_already_failed";
    if (wish.amount !== undefined && wish.amount < 1) return "invalid_amount";
    const moved = wish.amount ?? hold.remaining;
    const released = wish.final ? hold.remaining : moved;
    const flaw =
      this.#inactive(hold, now) ??
      (moved > hold.remaining ? "exceeds_hold_amount" : undefined) ??
      this.#flaw({ ...hold, amount: moved }, { moves: moved, reserves: -released });
    if (flaw !== undefined) {
      if (wish.id !== undefined) this.#spent.add(`transfer ${wish.id}`);
      return flaw;
    }
    this.#pend(hold, -released);
    this.#move(hold, moved);
    hold.captured += moved;
    hold.remaining -= released;
    if (hold.remaining === 0) hold.status = "captured";
    const { debit, credit, currency } = hold;
    if (wish.id !== undefined)
      this.#transfers.set(wish.id, { debit, credit, currency, amount: moved, phase: "capture", hold: wish.hold });
    return "done";
  }

  #void(id: number, now: number): string {
    const hold = this.holds.get(id);
    if (hold === undefined) return "not_found";
    const inactive = this.#inactive(hold, now);
    if (inactive !== undefined) return inactive;
    this.#giveBack(hold);
    hold.status = "voided";
    return "done";
  }

  #reverse(id: number): string {
    const known = this.#transfers.get(id);
    if (known === undefined) return "not_found";
    if (this.#reversed.has(id)) return "already_reversed";
    const leg = { debit: known.credit, credit: known.debit, amount: known.amount, currency: known.currency };
    const flaw = this.#flaw(leg, { moves: leg.amount, reserves: 0 });
    if (flaw !== undefined) return flaw;
    this.#move(leg, leg.amount);
    this.#reversed.add(id);
    return "created";
  }

  #freeze(position: number): string {
    const account = this.accounts[position];
    if (account === undefined) return "not_found";
    if (account.status !== "active") return `account_${account.status}`;
    account.status = "frozen";
    return "done";
  }

  #unfreeze(position: number): string {
    const account = this.accounts[position];
    if (account === undefined) return "not_found";
    if (account.status !== "frozen") return "account_not_frozen";
    account.status = "active";
    return "done";
  }

  #inactive(hold: Hold, now: number): string | undefined {
    if (hold.status === "captured") return "hold_already_posted";
    if (hold.status === "voided") return "hold_already_voided";
    return hold.status === "expired" || hold.expiresAt <= now ? "hold_already_expired" : undefined;
  }

  #flaw(
    { debit, credit, currency }: Leg,
    { moves, reserves }: { readonly moves: number; readonly reserves: number },
  ): string | undefined {
    const from = this.accounts[debit];
    const to = this.accounts[credit];
    if (from === undefined) return "debit_account_not_found";
    if (to === undefined) return "credit_account_not_found";
    if (from.currency !== currency || to.currency !== currency) return "asset_mismatch";
    if (from.status === "closed" || to.status === "closed") return "account_closed";
    if (from.status === "frozen" || to.status === "frozen") return "account_frozen";
    const needed = moves + reserves;
    if (needed > from.balance - from.debitsPending + from.overdraft && needed > 0) return "insufficient_funds";
    if (to.cap !== undefined && needed > 0 && to.balance + to.creditsPending + needed > to.cap) return "max_balance_exceeded";
    return undefined;
  }

  #move({ debit, credit }: Pick<Leg, "debit" | "credit">, amount: number): void {
    (this.accounts[debit] as Account).balance -= amount;
    (this.accounts[credit] as Account).balance += amount;
    this.steps++;
  }

  #pend({ debit, credit }: Hold, by: number): void {
    (this.accounts[debit] as Account).debitsPending += by;
    (this.accounts[credit] as Account).creditsPending += by;
  }

  #reserve(hold: Hold, amount: number): void {
    this.#pend(hold, amount);
    hold.amount += amount;
    hold.remaining += amount;
    this.steps++;
  }

  #giveBack(hold: Hold): void {
    this.#pend(hold, -hold.remaining);
    hold.remaining = 0;
    this.steps++;
  }
}
