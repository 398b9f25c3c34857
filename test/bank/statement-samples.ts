/** Statements made by hand, for the tests of their forms. */
import type { Entry, Statement } from "../../services/bank/statements/statement.ts";

const account = "acc_01JD3Q8Z5T7N9V1X3B5D7F9H1K";
const other = "acc_01JD3Q8Z5T7N9V1X3B5D7F9H2M";

/** An entry; what is not said is a payment that came in. */
export const entry = (seq: number, amount: bigint, more: Partial<Entry> = {}): Entry => ({
  seq,
  transfer: `trf_01JD3Q8Z5T7N9V1X3B5D7F${String(seq).padStart(4, "0")}`,
  bookedAt: "2026-11-25T09:30:00.000Z",
  valueAt: "2026-11-26T00:00:00.000Z",
  amount,
  balance: amount,
  kind: "payment",
  counterparty: other,
  reference: null,
  reverses: null,
  ...more,
});

/** A statement over these entries, from zero. */
export const statementOf = (
  entries: readonly Entry[],
  more: Partial<Statement> & { readonly currency?: string } = {},
): Statement => {
  const { currency = "EUR", ...rest } = more;
  const opening = rest.opening ?? 0n;
  let balance = opening;
  const running = entries.map((one) => ({ ...one, balance: (balance += one.amount) }));
  return {
    account: { id: account, currency, name: "Savings" },
    owner: "Ada Lovelace",
    tellsIbans: true,
    fromSeq: 1,
    toSeq: 9,
    from: "2026-11-01",
    to: "2026-11-30",
    opening,
    entries: running,
    closing: balance,
    available: balance,
    createdAt: "2026-11-25T10:00:00.000Z",
    ...rest,
  };
};
