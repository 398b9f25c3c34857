/** What becomes of a transaction: the first leg that is refused refuses them all. */
import { type CommandContext, t } from "pons";
import { accounts } from "./account-fields.ts";
import { type Account, type Finding, kinds, type Kind } from "./outcomes.ts";
import { flawOfLegs, type Leg } from "./posting.ts";
import { transferFields } from "./transfer-fields.ts";

const { debit, credit, currency, reference } = transferFields;

export const legFields = {
  debit: t.ref("accounts", { doc: debit.options.doc }),
  credit: t.ref("accounts", { doc: credit.options.doc }),
  amount: t.money({ doc: "Minor units, greater than zero.", example: 1250 }),
  currency: t.currency({ doc: currency.options.doc, example: "EUR" }),
  kind: t.enum(kinds, { default: "payment", doc: "Customers make payments; staff all of them." }),
  reference: t.string({ optional: true, maxLength: 140, doc: reference.options.doc }),
  effectiveAt: t.dateTime({ optional: true, doc: "Value date, at most a day from now." }),
};

export interface LegInput {
  readonly debit: string;
  readonly credit: string;
  readonly amount: bigint;
  readonly currency: string;
  readonly kind: Kind;
  readonly reference: string | null;
  readonly effectiveAt: string | null;
}

/** What two transactions with one id must agree in. SHA-256, base64url. */
export const digestOf = (legs: readonly LegInput[], reference: string | null): string =>
  Bun.SHA256.hash(
    JSON.stringify([
      reference,
      legs.map((leg) => [leg.debit, leg.credit, String(leg.amount), leg.currency, leg.kind, leg.reference, leg.effectiveAt]),
    ]),
    "base64url",
  );

/** Whether the refusal follows from what was asked alone. */
const isOfTheForm = ({ type }: Finding): boolean => type.startsWith("invalid_") || type === "same_account";

export interface Flaw extends Finding {
  readonly position: number;
  /** The refusal depended on state. */
  readonly spends: boolean;
}

/** What stands against a transaction of a caller. */
export const flawOfTransaction = (
  ctx: CommandContext,
  legs: readonly LegInput[],
  risk?: (leg: Leg, position: number) => Finding | undefined,
): Flaw | undefined => {
  const { roles } = ctx.principal;
  const staff = roles.includes("teller") || roles.includes("supervisor");
  const table = ctx.table(accounts);
  const sees = (account: Account | undefined): boolean => account !== undefined && ctx.visible(accounts, account);
  for (const [position, leg] of legs.entries()) {
    if (leg.kind !== "payment" && !staff) return { type: "invalid_kind", position, spends: false };
    if (!staff && !sees(table.loaded(leg.debit))) return { type: "debit_account_not_found", position, spends: true };
  }
  const flaw = flawOfLegs(ctx, legs, (id) => table.loaded(id), risk);
  return flaw === undefined ? undefined : { ...flaw, spends: !isOfTheForm(flaw) };
};
