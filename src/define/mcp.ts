/**
 * What agents may use of a service (Model Context Protocol). Nothing of it is needed: every operation is a tool for whoever may call it, but those that
 * take or give secrets, and what moves money asks to be confirmed.
 *
 *   mcp: {
 *     tools: ["reads", "transfers.create", "accounts.*"],
 *     confirm: ["customers.delete"],
 *     unconfirmed: ["transfers.dryRun"],
 *     instructions: "Look an account up before you move money from it.",
 *   }
 *
 * Operations are named as in the contract, or by patterns: `reads` (all that only reads), `accounts.*`, `*`. The definition is checked when it is compiled.
 */
export interface McpDefinition {
  /** Operations that are tools. Absent: all without secrets; what takes or gives a secret has to be named in full. An empty list: none. */
  readonly tools?: readonly string[];
  /** Operations that ask to be confirmed beside those that move money. */
  readonly confirm?: readonly string[];
  /** Operations that do not ask although their fields hold money: a trial, or the price of goods. */
  readonly unconfirmed?: readonly string[];
  /** What a model should know of the service beyond what its tools say. Absent: the service's own description. */
  readonly instructions?: string;
}
