/**
 * Verifies the audit from the rows alone: every hash of every chain is recomputed, every signature checked, and what was signed is looked up. It shares
 * with whoever writes the rows only the form of the texts that are hashed, and never writes. It needs memory for a few hundred rows and for a number per realm.
 *
 * | what was done to a row              | what finds it                                                                        |
 * | changed, or two rows exchanged      | its hash is another one                                                              |
 * | taken out, put in between           | numbers without gaps, and the hash of the next one                                   |
 * | put in at the end                   | the realm's counter, which is lower                                                  |
 * | taken out at the end                | the counter, which is higher; when that was changed too: a checkpoint behind the end |
 * | all hashes made anew                | every checkpoint: it cannot be signed without the installation's secret              |
 * | all of that, and checkpoints removed | checkpoints that were exported (`exported`)                                         |
 */
import { chainHash, chainStart, journalText } from "../batch/chain.ts";
import { installationRealm } from "../pipeline/identity/realm.ts";
import type { Problem } from "./problem.ts";
import { type Readable, RawRows } from "./raw-rows.ts";
import { refusalText } from "./refusal-text.ts";
import type { PublicKey, SignedStatement } from "./statement.ts";
import { StatementCheck, type StatementCounts } from "./verify-statements.ts";

export interface VerifyOptions {
  /** Only these; all when absent. */
  readonly realms?: ReadonlySet<number>;
  /** Keys whose signatures count. */
  readonly keys: readonly PublicKey[];
  /** Checkpoints as they were exported. */
  readonly exported?: AsyncIterable<SignedStatement>;
}

export interface Verification {
  /** `unchained`: rows that are older than the chain. */
  readonly journal: { readonly realms: number; readonly rows: number; readonly unchained: number };
  readonly refusals: { readonly streams: number; readonly rows: number };
  readonly checkpoints: StatementCounts;
  readonly exported: StatementCounts;
  /** In the order in which they were found; at most 100. */
  readonly problems: readonly Problem[];
}

const problemsMax = 100;

class Verifier {
  readonly problems: Problem[] = [];
  readonly journal = { realms: 0, rows: 0, unchained: 0 };
  readonly refusals = { streams: 0, rows: 0 };
  readonly #rows: RawRows;

  constructor(rows: RawRows) {
    this.#rows = rows;
  }

  readonly tell = (problem: Problem): void => {
    if (this.problems.length < problemsMax) this.problems.push(problem);
  };

  /** The journal of a realm, up to the first row that is not as it was written. */
  async verifyJournal(realm: number): Promise<void> {
    // Rows may be written meanwhile: none is missing up to what was counted before, and none is there beyond what is counted afterwards.
    const before = await this.#rows.counted(realm);
    let seq = 0;
    let previous: string | undefined;
    const tell = (at: number, what: string): void => this.tell({ table: "pons_journal", realm, seq: at, what });
    for await (const row of this.#rows.journal(realm)) {
      if (row.seq !== seq + 1) return tell(seq + 1, row.seq > seq + 1 ? "it is missing" : `there is a row ${row.seq}`);
      seq = row.seq;
      this.journal.rows++;
      if (row.hash === null) {
        if (previous !== undefined) return tell(seq, "it has no hash");
        this.journal.unchained++;
        continue;
      }
      if (chainHash(journalText(previous ?? chainStart, row)) !== row.hash)
        return tell(seq, "its hash is not that of its content and of the row before");
      previous = row.hash;
    }
    if (seq > 0) this.journal.realms++;
    if (seq < before) return tell(seq + 1, `it is missing, and all up to row ${before}, which the counter tells of`);
    const after = await this.#rows.counted(realm);
    if (seq > after) tell(after + 1, `the counter ends with row ${after}`);
  }

  /** The streams of a realm, each up to the first row that is not as it was written. */
  async verifyRefusals(realm: number): Promise<void> {
    let stream: string | undefined;
    let seq = 0;
    let previous = chainStart;
    let isBroken = false;
    for await (const row of this.#rows.refusals(realm)) {
      if (row.stream !== stream) {
        ({ stream } = row);
        seq = 0;
        previous = chainStart;
        isBroken = false;
        this.refusals.streams++;
      }
      this.refusals.rows++;
      if (isBroken) continue;
      const tell = (at: number, what: string): void => {
        isBroken = true;
        this.tell({ table: "pons_refusals", realm, stream: row.stream, seq: at, what });
      };
      if (row.seq !== seq + 1) tell(seq + 1, row.seq > seq + 1 ? "it is missing" : `there is a row ${row.seq}`);
      else if (chainHash(refusalText(previous, row)) !== row.hash)
        tell(row.seq, "its hash is not that of its content and of the row before");
      ({ seq, hash: previous } = row);
    }
  }
}

/** All realms that are named or that have rows, in order. */
const realmsOf = async (rows: RawRows): Promise<readonly number[]> => {
  const realms = new Set<number>([installationRealm]);
  for (const { realm } of await rows.realms()) realms.add(realm);
  for (const table of ["pons_journal", "pons_refusals", "pons_counters"] as const)
    for await (const realm of rows.realmsIn(table)) realms.add(realm);
  return [...realms].toSorted((a, b) => a - b);
};

/** Verifies what is in the database. Throws `StoreError`. */
export const verifyAudit = async (store: Readable, options: VerifyOptions): Promise<Verification> => {
  const { realms: only, keys, exported } = options;
  const rows = new RawRows(store);
  const verifier = new Verifier(rows);
  for (const realm of await realmsOf(rows)) {
    if (only !== undefined && !only.has(realm)) continue;
    await verifier.verifyJournal(realm);
    await verifier.verifyRefusals(realm);
  }
  const shared = { rows, keys, tell: verifier.tell, ...(only === undefined ? {} : { realms: only }) };
  const kept = new StatementCheck({ ...shared, table: "pons_checkpoints" });
  for await (const checkpoint of rows.checkpoints()) await kept.add(checkpoint, checkpoint);
  await kept.end();
  const taken = new StatementCheck({ ...shared, table: "export" });
  if (exported !== undefined) for await (const signed of exported) await taken.add(signed);
  await taken.end();
  const { problems, journal, refusals } = verifier;
  return { journal, refusals, checkpoints: kept.counts, exported: taken.counts, problems };
};
