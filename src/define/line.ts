/**
 * How operations are written over the line protocol. Nothing of it is needed: every operation is called by its name, and the titles are those of its fields
 * with a capital. It is for services whose lines are given, such as by devices that exist already.
 *
 *   line: {
 *     operations: {
 *       "accounts.get": { command: "BALANCE", titles: { id: "Account", balance: "Amount" }, order: ["balance", "currency"] },
 *     },
 *   }
 *
 *   Operation:BALANCE,Account:acc_01J…
 *   Status:ok,Amount:1250,Currency:EUR,Account:acc_01J…
 *
 * The definition is checked when it is compiled.
 */

/** One operation's words. */
export interface LineOperation {
  /** A word that calls it, beside its name; case does not count. */
  readonly command?: string;
  /** Field → its title, in requests and answers. Fields that are not named have their own name with a capital. */
  readonly titles?: Readonly<Record<string, string>>;
  /** Fields that come first in answers, in this order. */
  readonly order?: readonly string[];
}

export interface LineDefinition {
  readonly operations?: Readonly<Record<string, LineOperation>>;
}
