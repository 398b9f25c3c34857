/** A service with an audit over a database of its own, whose rows can be tampered with behind its back. */
import {
  type Audit,
  type PublicKey,
  type Readable,
  type SignedStatement,
  signingKeyOf,
  type Verification,
  verifyAudit,
} from "../../src/audit/index.ts";
import definition from "../core/depot/index.ts";
import { idOf, type Running, serve } from "../core/harness.ts";
import type { TestDatabase } from "../postgres/index.ts";

export const secret = "a secret of the installation, of tests only";
export const publicKey: PublicKey = signingKeyOf(secret).public;

type Query = Running["store"]["admin"]["query"];

/** With what was exported; only these realms; with these keys instead of the installation's. */
export interface VerifyHow {
  readonly withExport?: true;
  readonly realms?: ReadonlySet<number>;
  readonly keys?: readonly PublicKey[];
}

export class Audited implements AsyncDisposable {
  readonly depot: Running;
  /** Of the database. */
  readonly url: string;
  /** What left the machine. */
  readonly exported: SignedStatement[] = [];
  #made = 0;

  constructor(depot: Running, url: string) {
    this.depot = depot;
    this.url = url;
  }

  get audit(): Audit {
    return this.depot.app.audit;
  }

  get store(): Running["store"] {
    return this.depot.store;
  }

  /** Creates rows: one row of the journal each. */
  async create(count: number): Promise<readonly string[]> {
    const ids: string[] = [];
    for (let at = 0; at < count; at++)
      ids.push(idOf(await this.depot.call("owners.create", { body: { name: `Owner ${++this.#made}` } })));
    return ids;
  }

  /** Calls that are refused: two rows of refusals in the caller's realm, one in the installation's. */
  async beRefused(): Promise<void> {
    await this.depot.call("owners.create", { as: this.depot.caller("nobody"), body: { name: "No" } });
    await this.depot.call("owners.create", { as: this.depot.caller("nobody", { user: "somebody else" }), body: { name: "No" } });
    await this.depot.app.pipeline.run({ ...this.depot.callOf("owners.create", { body: {} }), principal: undefined } as never);
  }

  verify(options: VerifyHow = {}): Promise<Verification> {
    return this.#verify(this.store, options);
  }

  #verify(store: Readable, { withExport, realms, keys = [publicKey] }: VerifyHow): Promise<Verification> {
    const lines = this.exported;
    const exported = async function* (): AsyncGenerator<SignedStatement> {
      yield* lines;
    };
    return verifyAudit(store, {
      keys,
      ...(realms === undefined ? {} : { realms }),
      ...(withExport === undefined ? {} : { exported: exported() }),
    });
  }

  /** Changes append-only tables as somebody can who owns the database: without the triggers that refuse it. */
  async tamper(...statements: readonly string[]): Promise<void> {
    await this.#tamper(this.store.admin.query.bind(this.store.admin), statements);
  }

  /** What is told of rows that were tampered with, for each way of verifying; all of it is taken back afterwards. */
  async told(statements: readonly string[], ...hows: readonly VerifyHow[]): Promise<readonly (readonly string[])[]> {
    const { engine, admin } = this.store;
    const told: string[][] = [];
    const undo = new Error("taken back");
    const tampering = admin.migrate(async (query) => {
      await this.#tamper(query, statements);
      for (const how of hows.length === 0 ? [{}] : hows) {
        const { problems } = await this.#verify({ engine, admin: { query } }, how);
        told.push(problems.map(({ table, realm, seq, what }) => `${table} ${realm === 0 ? 0 : "realm"} ${seq}: ${what}`));
      }
      throw undo;
    });
    await tampering.catch((error: unknown) => {
      if (error !== undo) throw error;
    });
    return told;
  }

  async #tamper(query: Query, statements: readonly string[]): Promise<void> {
    const { admin, engine } = this.store;
    for (const table of ["pons_journal", "pons_refusals", "pons_checkpoints"])
      for (const sql of admin.dialect.notAppendOnly(table)) await query(sql);
    for (const sql of statements) {
      const ours = sql.replaceAll(/\bR\b/g, String(this.depot.realm));
      await query(engine === "sqlite" ? ours.replaceAll("::json", "") : ours);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.depot[Symbol.asyncDispose]();
  }
}

/** Checkpoints are signed when `audit.flush` says so. */
export const audited = async (database: Pick<TestDatabase, "url" | "drop">): Promise<Audited> => {
  const depot = await serve(database, { services: [definition], cursorSecret: secret });
  const world = new Audited(depot, database.url);
  world.audit.start({ everyMs: 3_600_000, onSigned: (signed) => void world.exported.push(signed) });
  return world;
};
