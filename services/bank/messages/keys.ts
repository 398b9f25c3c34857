/** What every language of the bank must say: each refusal of its own and the name of each field. English is in the definitions. */
import type { Row } from "pons";
import type { accounts } from "../accounts.ts";
import type { customers } from "../customers.ts";
import type { TransferRefusal } from "../posting.ts";
import type { transfers } from "../transfers.ts";

type FieldKey<N extends string, F> = `field.${N}.${Exclude<keyof F & string, "id">}`;

/** Inputs of functions that are no field of their resource. */
type InputKey = "field.customers.before" | "field.accounts.reason";

type RefusalKey =
  | `error.${TransferRefusal}`
  | `error.customer_${"not_found" | "not_active" | "active"}`
  | `error.account_${"in_use" | "not_closed" | "not_frozen"}`
  | `error.${"balance" | "pending"}_not_zero`;

export type MessageKey =
  | RefusalKey
  | InputKey
  | FieldKey<"customers", Row<typeof customers>>
  | FieldKey<"accounts", Row<typeof accounts>>
  | FieldKey<"transfers", Row<typeof transfers>>;
