/** Databases for tests and benchmarks: a real Postgres of one's own, and a fresh database on either engine. */
export { NoPostgres } from "./binaries.ts";
export { type Engine, sharedPostgres, type TestDatabase, testDatabases, type TestEngine } from "./engines.ts";
export { type PostgresOptions, type PostgresServer, startPostgres } from "./server.ts";
