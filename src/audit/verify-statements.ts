/** Signed statements against the rows they tell of: their signatures, their order, and whether each row they name has the hash they name. */
import { chainStart } from "../batch/chain.ts";
import { installationRealm } from "../pipeline/identity/realm.ts";
import type { Problem } from "./problem.ts";
import type { RawRows, StoredCheckpoint } from "./raw-rows.ts";
import { isSignedBy, parseStatement, type PublicKey, type SignedStatement, type Statement, statementHash } from "./statement.ts";

export interface StatementCounts {
  readonly statements: number;
  /** Rows that they tell of. */
  readonly heads: number;
}

export interface StatementCheckOptions {
  readonly rows: RawRows;
  readonly keys: readonly PublicKey[];
  readonly realms?: ReadonlySet<number>;
  /** Where the statements come from: those of the database begin with the first of each process, and have no gaps. */
  readonly table: "pons_checkpoints" | "export";
  readonly tell: (problem: Problem) => void;
}

/** Statements looked at together, so that their rows are read together. */
const pageStatements = 200;

interface Head {
  readonly statement: Statement;
  readonly realm: number;
  readonly seq: number;
  readonly hash: string;
  /** Of refusals. */
  readonly stream?: string;
}

/** The last statement of a process. */
interface Last {
  readonly seq: number;
  readonly hash: string;
}

export class StatementCheck {
  readonly #options: StatementCheckOptions;
  readonly #keys: ReadonlyMap<string, PublicKey>;
  /** One per process: small, and there are as many as there were starts. */
  readonly #last = new Map<string, Last>();
  readonly #counts = { statements: 0, heads: 0 };
  #page: { readonly text: string; readonly statement: Statement }[] = [];

  constructor(options: StatementCheckOptions) {
    this.#options = options;
    this.#keys = new Map(options.keys.map((key) => [key.id, key]));
  }

  get counts(): StatementCounts {
    return this.#counts;
  }

  /** Looks at one statement; `stored` where it is a row. What it tells of is looked up together with its neighbours'. */
  async add(signed: SignedStatement, stored?: StoredCheckpoint): Promise<void> {
    this.#counts.statements++;
    const statement = this.#checked(signed, stored);
    if (statement === undefined) return;
    this.#page.push({ text: signed.statement, statement });
    if (this.#page.length >= pageStatements) await this.#lookUp();
  }

  async end(): Promise<void> {
    await this.#lookUp();
  }

  #checked(signed: SignedStatement, stored: StoredCheckpoint | undefined): Statement | undefined {
    const statement = parseStatement(signed.statement);
    const place = { stream: stored?.stream ?? statement?.stream ?? "", seq: stored?.seq ?? statement?.seq ?? 0 };
    const tell = (what: string, seq = place.seq): undefined => {
      this.#tell({ ...place, seq }, what);
      return undefined;
    };
    const last = this.#last.get(place.stream);
    this.#last.set(place.stream, { seq: place.seq, hash: statementHash(signed.statement) });
    if (stored !== undefined && place.seq !== (last?.seq ?? 0) + 1) return tell("it is missing", (last?.seq ?? 0) + 1);
    const key = this.#keys.get(signed.signer);
    if (key === undefined) return tell(`it is signed with a key that is not known: ${signed.signer}`);
    if (!isSignedBy(signed, key)) return tell("its signature is not that of its statement");
    if (statement === undefined) return tell("it states nothing that is known");
    if (
      stored !== undefined &&
      (statement.stream !== stored.stream || statement.seq !== stored.seq || statement.at !== stored.at)
    )
      return tell("it states another place or moment than its row");
    const previous = last === undefined ? chainStart : last.hash;
    const isNext = last === undefined ? statement.seq === 1 : statement.seq === last.seq + 1;
    if (isNext && statement.previous !== previous) return tell("the statement before it is another one than it names");
    return statement;
  }

  #tell(place: { readonly stream: string; readonly seq: number }, what: string): void {
    this.#options.tell({ table: this.#options.table, realm: installationRealm, ...place, what });
  }

  async #lookUp(): Promise<void> {
    const page = this.#page;
    this.#page = [];
    if (this.#options.table === "export") await this.#lookUpStatements(page);
    const { realms } = this.#options;
    const heads = page
      .flatMap(({ statement }): Head[] => [
        ...statement.journal.map(([realm, seq, hash]) => ({ statement, realm, seq, hash })),
        ...statement.refusals.map(([realm, stream, seq, hash]) => ({ statement, realm, stream, seq, hash })),
      ])
      .filter(({ realm }) => realms === undefined || realms.has(realm));
    this.#counts.heads += heads.length;
    for (const chain of Map.groupBy(heads, ({ realm, stream }) => `${realm} ${stream ?? ""}`).values())
      await this.#lookUpHeads(chain);
  }

  /** Rows of one chain; the first that is not as it was stated is told of. */
  async #lookUpHeads(heads: readonly Head[]): Promise<void> {
    const [first] = heads;
    if (first === undefined) return;
    const { rows, tell } = this.#options;
    const { realm, stream } = first;
    const seqs = heads.map(({ seq }) => seq);
    const found = await (stream === undefined ? rows.journalHashes(realm, seqs) : rows.refusalHashes(realm, stream, seqs));
    const bad = heads.find(({ seq, hash }) => found.get(seq) !== hash);
    if (bad === undefined) return;
    const { statement } = bad;
    const how = found.has(bad.seq) ? "its hash is another one than was signed" : "it is missing, although it was signed";
    const where = `in checkpoint ${statement.seq} of ${statement.stream}, ${statement.at}`;
    const table = stream === undefined ? "pons_journal" : "pons_refusals";
    tell({ table, realm, ...(stream === undefined ? {} : { stream }), seq: bad.seq, what: `${how} ${where}` });
  }

  /** What was exported must be in the database, as it was. */
  async #lookUpStatements(page: readonly { readonly text: string; readonly statement: Statement }[]): Promise<void> {
    for (const [stream, some] of Map.groupBy(page, ({ statement }) => statement.stream)) {
      const found = await this.#options.rows.statements(
        stream,
        some.map(({ statement }) => statement.seq),
      );
      const bad = some.find(({ text, statement }) => found.get(statement.seq) !== text);
      if (bad === undefined) continue;
      const { seq } = bad.statement;
      const what = found.has(seq) ? "it states something else than was exported" : "it is missing, although it was exported";
      this.#options.tell({ table: "pons_checkpoints", realm: installationRealm, stream, seq, what });
    }
  }
}
