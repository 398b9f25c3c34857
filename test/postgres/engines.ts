/**
 * The two engines every test of the store and the services runs on:
 *
 *   for (const { engine, create } of testDatabases()) {
 *     describe(engine, () => {
 *       test("keeps what was written", async () => {
 *         await using database = await create();
 *         const store = await openStore(database.url); …
 *
 * A database is fresh and empty, and gone after drop(). Postgres is the server at PONS_TEST_POSTGRES_URL (the test command starts one); a
 * server is started for this process where that is not set. Neither engine is ever skipped: without Postgres, create() throws NoPostgres.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createDatabaseOn, createOwner, dropDatabaseOn } from "./database.ts";
import { startPostgres } from "./server.ts";

export type Engine = "sqlite" | "postgres";

export interface TestDatabase extends AsyncDisposable {
  readonly engine: Engine;
  /** `sqlite:///folder/test.sqlite` (an absolute path; the file does not exist yet) or `postgres://pons_test:…@127.0.0.1:port/name`. */
  readonly url: string;
  /** Removes the database; safe to call twice. */
  drop(): Promise<void>;
}

export interface TestEngine {
  readonly engine: Engine;
  readonly create: () => Promise<TestDatabase>;
}

async function createSqlite(): Promise<TestDatabase> {
  const folder = mkdtempSync(join(tmpdir(), "pons-sqlite-"));
  const drop = async () => rmSync(folder, { recursive: true, force: true });
  return { engine: "sqlite", url: `sqlite://${join(folder, "test.sqlite")}`, drop, [Symbol.asyncDispose]: drop };
}

let shared: Promise<string> | undefined;

/** The superuser's URL of the server that tests share: the one that is given, else one started now for the life of this process. */
export function sharedPostgres(): Promise<string> {
  shared ??= (async () => {
    const given = process.env["PONS_TEST_POSTGRES_URL"];
    if (!given) return (await startPostgres({ fsync: false })).url;
    await createOwner(given);
    return given;
  })();
  return shared;
}

async function createPostgres(): Promise<TestDatabase> {
  const admin = await sharedPostgres();
  const url = await createDatabaseOn(admin);
  const drop = () => dropDatabaseOn(admin, new URL(url).pathname.slice(1));
  return { engine: "postgres", url, drop, [Symbol.asyncDispose]: drop };
}

/** Both engines, SQLite first. */
export function testDatabases(): readonly TestEngine[] {
  return [
    { engine: "sqlite", create: createSqlite },
    { engine: "postgres", create: createPostgres },
  ];
}
