import type { Table } from "../table.ts";

/** One change of a schema. */
export interface Step {
  /** Complete statements, to be run in order. */
  readonly sql: readonly string[];
  /** For a person: `add column customers.phone`. */
  readonly summary: string;
  /** Values are lost. */
  readonly destructive: boolean;
  /** Without it the service cannot run on the schema. What is merely left over is not required. */
  readonly required: boolean;
}

/** What separates a database from the wanted schema. */
export interface Plan {
  /** What was planned for. */
  readonly tables: readonly Table[];
  readonly steps: readonly Step[];
  /** What no step can do: a person has to change the definition or the rows. A plan with problems is not applied. */
  readonly problems: readonly string[];
  /** Tables that Pons did not make; they are left alone. */
  readonly unknown: readonly string[];
  /** Of the steps: two equal plans have the same. */
  readonly hash: string;
}
