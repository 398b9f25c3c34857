/**
 * Rows of `bank_transfers` as Pons would have stored them, made without Pons: every transfer with its number in the log and with the balance and
 * version that it left on both accounts. A column that is not named here holds what it holds in `sample`, the transfer that Pons posted last.
 */
import { newIdentifier } from "../../src/pipeline/identifier.ts";

export type Cell = string | number | bigint | null;
export type StoredRow = Readonly<Record<string, Cell>>;

/** Columns that differ from transfer to transfer. */
const named =
  "id seq debit credit amount effective_at created_at debit_balance debit_version credit_balance credit_version".split(" ");

export interface Account {
  readonly id: string;
  debits: number;
  credits: number;
  version: number;
  touched: boolean;
}

/** Rows of `bank_accounts`, as a database gives them. */
export interface AccountRow {
  readonly id: string;
  readonly debits_posted: number | bigint | string;
  readonly credits_posted: number | bigint | string;
  readonly version: number | bigint | string;
}
export const accountsQuery = `select id, debits_posted, credits_posted, version from bank_accounts`;

export interface RowsOptions {
  readonly sample: StoredRow;
  readonly stored: readonly AccountRow[];
  /** Ids of the accounts that pay. */
  readonly accounts: readonly string[];
  /** The one account that is paid; absent: any of `accounts`. */
  readonly hot?: string;
  readonly amount: number;
}

export class TransferRows {
  /** Names of the columns, in the order of the cells of a row. */
  readonly columns: readonly string[];
  readonly realm: Cell;
  #seq: number;
  #touched: Account[] = [];
  readonly #rest: readonly Cell[];
  readonly #payers: readonly Account[];
  readonly #payees: readonly Account[];
  readonly #amount: number;

  constructor({ sample, stored, accounts, hot, amount }: RowsOptions) {
    const missing = named.filter((name) => !(name in sample));
    if (missing.length > 0) throw new Error(`bank_transfers has no column ${missing.join(", ")}`);
    const others = Object.keys(sample).filter((name) => !named.includes(name));
    this.columns = [...named, ...others];
    this.#rest = others.map((name) => sample[name] ?? null);
    this.realm = sample["realm"] ?? null;
    this.#seq = Number(sample["seq"]);
    this.#amount = amount;
    const known = new Map(stored.map((row) => [row.id, accountOf(row)]));
    const find = (id: string): Account => {
      const account = known.get(id);
      if (account === undefined) throw new Error(`there is no account ${id}`);
      return account;
    };
    this.#payers = accounts.map(find);
    this.#payees = hot === undefined ? this.#payers : [find(hot)];
    if (this.#payers.length < 2) throw new Error("too few accounts");
  }

  /** Number of the last transfer. */
  get seq(): number {
    return this.#seq;
  }

  /** The next transfer's cells; `at`: its moment as the database writes it, `ms` the same in milliseconds. */
  next(at: string, ms?: number): Cell[] {
    const debit = anyOf(this.#payers);
    let credit = anyOf(this.#payees);
    while (credit === debit) credit = anyOf(this.#payees);
    debit.debits += this.#amount;
    credit.credits += this.#amount;
    this.#touch(debit);
    this.#touch(credit);
    const id = `trf_${ms === undefined ? newIdentifier() : newIdentifier(() => ms)}`;
    this.#seq++;
    const [debitBalance, creditBalance] = [debit.credits - debit.debits, credit.credits - credit.debits];
    const sides = [debitBalance, debit.version, creditBalance, credit.version];
    return [id, this.#seq, debit.id, credit.id, this.#amount, at, at, ...sides, ...this.#rest];
  }

  /** The accounts moved since the last call, once each. */
  takeTouched(): Account[] {
    const touched = this.#touched;
    this.#touched = [];
    for (const account of touched) account.touched = false;
    return touched;
  }

  #touch(account: Account): void {
    account.version++;
    if (account.touched) return;
    account.touched = true;
    this.#touched.push(account);
  }
}

const accountOf = ({ id, debits_posted, credits_posted, version }: AccountRow): Account => ({
  id,
  debits: Number(debits_posted),
  credits: Number(credits_posted),
  version: Number(version),
  touched: false,
});

function anyOf<T>(items: readonly T[]): T {
  const item = items[Math.floor(Math.random() * items.length)];
  if (item === undefined) throw new Error("nothing to choose from");
  return item;
}
