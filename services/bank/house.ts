/** The bank's own accounts, one for each purpose and currency, opened when they are first needed. */
import type { CommandContext } from "pons";
import { accountLimitMax, accounts } from "./account-fields.ts";
import { derivedId } from "./derived-id.ts";
import { ibanOf } from "./iban.ts";
import type { Account } from "./outcomes.ts";

/**
 * `cash`: money in and out of the bank. `fees`, `interest`: what it earns. `fx_position`: what it is long or short in a currency. `rounding`: parts of a
 * minor unit left over. `settlement`, `suspense`: on its way, not yet attributed. `loans`: lent.
 */
export type Purpose = "cash" | "fees" | "fx_position" | "rounding" | "settlement" | "suspense" | "interest" | "loans";

/** Id of the house account for a purpose and currency, whether or not it was opened. */
export const houseAccountId = (purpose: Purpose, currency: string): string => derivedId("acc", `house ${purpose} ${currency}`);

/** The house account for a purpose and currency. It may be overdrawn. */
export const houseAccount = async (ctx: CommandContext, purpose: Purpose, currency: string): Promise<Account> => {
  const id = houseAccountId(purpose, currency);
  const table = ctx.table(accounts);
  return (
    (await table.get(id)) ??
    table.insert({
      id,
      kind: "house",
      purpose,
      name: `House ${purpose.replace("_", " ")} ${currency}`,
      currency,
      overdraftLimit: accountLimitMax,
      iban: ibanOf(id),
    })
  );
};
