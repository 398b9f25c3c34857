/**
 * Services in process, without a listener: calls pass the whole pipeline, the writer and a real store.
 *
 *   forEachEngine((engine) => {
 *     let depot: Running;
 *     beforeAll(async () => (depot = await serve(await engine.create(), { services: [definition] })));
 *     afterAll(() => depot[Symbol.asyncDispose]());
 *     test("…", async () => dataOf(await depot.call("boxes.create", { as: depot.caller("clerk"), body })));
 *   });
 *
 * A refusal with status 500 makes `call` and `batch` throw with its cause, unless `tolerant` is asked for.
 */
import { describe } from "bun:test";
import { journalTable } from "../../src/batch/system-tables.ts";
import type { Contract } from "../../src/contract/index.ts";
import type { ServiceDefinition } from "../../src/define/service.ts";
import { type App, type AppOptions, createApp, tablesOf } from "../../src/host/app.ts";
import type { Call, Input, Result } from "../../src/pipeline/call.ts";
import type { Strategy } from "../../src/pipeline/pipeline.ts";
import type { Refusal } from "../../src/pipeline/refusal.ts";
import {
  applyMigration,
  type OpenStore,
  openStore,
  planMigration,
  realmOf,
  type Row,
  type RowsShape,
} from "../../src/store/index.ts";
import { type TestDatabase, testDatabases, type TestEngine } from "../postgres/index.ts";
import { compiled } from "./compiled.ts";

export type Caller = NonNullable<Call["principal"]>;
export type Data = Record<string, unknown>;

/** Runs the tests of `body` on SQLite and on Postgres. */
export const forEachEngine = (body: (engine: TestEngine) => void): void => {
  for (const engine of testDatabases()) describe(engine.engine, () => body(engine));
};

export interface CallOptions
  extends
    Input,
    Partial<Pick<Call, "version" | "idempotencyKey" | "ifMatch" | "deadline" | "signal" | "text" | "requestId" | "locale">> {
  /** The harness's clerk unless given. */
  readonly as?: Caller;
}

/** One step of a mixed batch; `input` may be made from the results of the steps it depends on. */
export interface StepOptions {
  readonly operation: string;
  readonly dependsOn?: readonly number[];
  readonly options?: CallOptions | ((earlier: readonly (Result | undefined)[]) => CallOptions);
}

export interface ServeOptions extends Partial<
  Pick<AppOptions, "clock" | "queueMax" | "onCall" | "onError" | "cursorSecret" | "managed">
> {
  readonly services: readonly ServiceDefinition[];
  /** Role of calls that do not say who calls. */
  readonly role?: string;
  /** Stands between the app and its store: counts, delays or breaks what passes. */
  readonly around?: (store: OpenStore) => OpenStore;
  /** Answers of status 500 are results, not failures of the test. */
  readonly tolerant?: true;
}

export interface Running extends AsyncDisposable {
  readonly app: App;
  readonly store: OpenStore;
  readonly contract: Contract;
  readonly realm: number;
  /** Errors of ours that were told of. */
  readonly errors: unknown[];
  /** A caller of the demo tenant; `more` replaces any part. */
  caller(roles: string | readonly string[], more?: Partial<Caller>): Caller;
  callOf(operation: string, options?: CallOptions): Call;
  call(operation: string, options?: CallOptions): Promise<Result>;
  batch(steps: readonly StepOptions[], strategy: Strategy): Promise<readonly Result[]>;
  /** The journal of a realm in order, from `after` on. */
  journal(options?: { readonly realm?: number; readonly after?: number }): Promise<Row[]>;
  /** The last `seq` of the journal; 0 when it is empty. */
  lastSeq(realm?: number): Promise<number>;
}

/** What a call answered. Throws when it was refused. */
export const dataOf = (result: Result | undefined): Data => {
  if (result?.ok !== true) throw new Error(`refused: ${JSON.stringify(result)}`);
  return result.data as Data;
};

export const rowsOf = (result: Result | undefined): Data[] => dataOf(result) as unknown as Data[];

export const idOf = (result: Result | undefined): string => String(dataOf(result)["id"]);

/** Why a call was refused. Throws when it was not. */
export const refusalOf = (result: Result | undefined): Refusal => {
  if (result?.ok !== false) throw new Error(`not refused: ${JSON.stringify(result)}`);
  return result.refusal;
};

/** `"204"`, `"422 validation_failed"`: an outcome in a word or two, for tables of cases. */
export const outcomeOf = (result: Result | undefined): string =>
  result === undefined ? "nothing" : result.ok ? String(result.status) : `${result.refusal.status} ${result.refusal.type}`;

const journalShape: RowsShape = {
  kind: "rows",
  key: "test.journal",
  table: journalTable,
  joins: [],
  links: [],
  params: [{ name: "after", type: "integer" }],
  where: { op: "gt", left: { field: ["seq"] }, right: { param: "after" } },
  select: journalTable.columns.map(({ field }) => field),
  order: [{ path: ["seq"], direction: "asc" }],
};

const tenant = "demo";
const environment = "sandbox";
const journalRowsMax = 50_000;

/** Brings the schema of services to a fresh database. */
export const migrate = async (store: OpenStore, services: readonly ServiceDefinition[]): Promise<void> => {
  const tables = tablesOf(compiled(services).values());
  await applyMigration(store, await planMigration(store, tables), { destructive: false });
};

/** Puts services into service over a database, which is migrated first and dropped at the end. */
export const serve = async (database: Pick<TestDatabase, "url" | "drop">, options: ServeOptions): Promise<Running> => {
  const { services, role = "clerk", around, tolerant, ...appOptions } = options;
  const opened = await openStore(database.url);
  await migrate(opened, services);
  const store = around === undefined ? opened : around(opened);
  const realm = await realmOf(opened, tenant, environment);
  const errors: unknown[] = [];
  let requests = 0;
  const app = createApp({
    services,
    contracts: compiled(services),
    store,
    cursorSecret: "a secret for cursors, of tests only",
    onError: (error) => void errors.push(error),
    ...appOptions,
  });
  const contract = [...app.contracts.values()][0];
  if (contract === undefined) throw new Error("no service to serve");
  const caller: Running["caller"] = (roles, more = {}) => ({
    tenant,
    environment,
    realm,
    app: "tests",
    user: "somebody",
    subject: null,
    roles: [roles].flat(),
    ...more,
  });
  const standard = caller(role);
  const callOf: Running["callOf"] = (name, { as = standard, id, parent, body, query, ...more } = {}) => {
    const operation = [...app.contracts.values()].flatMap(({ operations }) => operations.get(name) ?? [])[0];
    if (operation === undefined) throw new Error(`no operation ${name}`);
    return {
      operation,
      input: {
        ...(id === undefined ? {} : { id }),
        ...(parent === undefined ? {} : { parent }),
        ...(body === undefined ? {} : { body }),
        ...(query === undefined ? {} : { query }),
      },
      credentials: { kind: "none" },
      principal: as,
      locale: "en",
      requestId: `test-${++requests}`,
      channel: "test",
      ...more,
    };
  };
  const sound = (result: Result): Result => {
    if (tolerant === undefined && !result.ok && result.refusal.status === 500)
      throw new Error(JSON.stringify(result.refusal), { cause: errors.at(-1) });
    return result;
  };
  const journal: Running["journal"] = async ({ realm: of = realm, after = 0 } = {}) => {
    const [rows] = await opened.read(journalShape, [{ realm: of, params: [after], limit: journalRowsMax }]);
    return rows ?? [];
  };
  return {
    app,
    store: opened,
    contract,
    realm,
    errors,
    caller,
    callOf,
    call: async (name, more) => sound(await app.pipeline.run(callOf(name, more))),
    batch: async (steps, strategy) => {
      const results = await app.pipeline.runBatch(
        steps.map(({ operation, dependsOn = [], options: given = {} }) => ({
          dependsOn,
          prepare: (earlier) => callOf(operation, typeof given === "function" ? given(earlier) : given),
        })),
        { strategy },
      );
      return results.map(sound);
    },
    journal,
    lastSeq: async (of = realm) => Number((await journal({ realm: of })).at(-1)?.["seq"] ?? 0),
    [Symbol.asyncDispose]: async () => {
      await app.writer.drained();
      await app.audit.stop();
      await opened.close();
      await database.drop();
    },
  };
};

/** A store that counts what passes: reads of lists of calls, of all tables or of those whose names begin with `of`, and statements' worth of work in write transactions. */
export const counting =
  (counts: { reads: number; loads: number; finds: number; applies: number; writes: number }, of = "") =>
  (store: OpenStore): OpenStore => ({
    engine: store.engine,
    admin: store.admin,
    realms: store.realms,
    read: (shape, calls) => {
      if (shape.table.name.startsWith(of)) counts.reads++;
      return store.read(shape, calls);
    },
    scan: (shape, call, scanOptions) => store.scan(shape, call, scanOptions),
    write: (work) => {
      counts.writes++;
      return store.write((tx) =>
        work({
          load: (table, keys) => {
            counts.loads++;
            return tx.load(table, keys);
          },
          find: (table, fields, keys) => {
            counts.finds++;
            return tx.find(table, fields, keys);
          },
          read: (shape, calls) => tx.read(shape, calls),
          apply: (changes) => {
            counts.applies++;
            return tx.apply(changes);
          },
          savepoint: () => tx.savepoint(),
        }),
      );
    },
    ping: () => store.ping(),
    close: () => store.close(),
  });
