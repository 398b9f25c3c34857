/** A row that is not as it was written, the first of its chain. */
export interface Problem {
  readonly table: "pons_journal" | "pons_refusals" | "pons_checkpoints" | "export";
  readonly realm: number;
  /** Of the process that wrote it; the journal has none. */
  readonly stream?: string;
  readonly seq: number;
  readonly what: string;
}
