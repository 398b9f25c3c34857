/** Postgres's errors as the store's, by SQLSTATE (https://www.postgresql.org/docs/current/errcodes-appendix.html). */
import { SQL } from "bun";
import { indexName, physicalName } from "../migrate/schema.ts";
import { StoreError } from "../store-error.ts";
import type { StoreErrorKind } from "../store-error.ts";
import { columnOf } from "../table.ts";
import type { Table } from "../table.ts";

/** By the longest prefix of the SQLSTATE. */
const kinds: Readonly<Record<string, StoreErrorKind>> = {
  "08": "unavailable", // connection exceptions
  "21000": "broken",
  "22": "check", // data exceptions
  "23": "check", // constraints: checks and NOT NULL; RAISE in the triggers of append-only tables
  "23503": "reference",
  "23505": "unique",
  "25006": "unavailable", // a standby or a server that was made read-only
  "25P03": "unavailable", // idle in transaction for too long
  "28": "unavailable", // refused credentials
  "3D000": "unavailable", // no such database
  "40001": "conflict",
  "40P01": "conflict",
  "53": "unavailable", // too many connections, out of memory
  "53100": "full",
  "54": "check", // a value too large for an index
  "55P03": "unavailable", // lock_timeout
  "57014": "timeout", // statement_timeout
  "57P": "unavailable", // shutdown, crash, starting up
  "58030": "unavailable", // I/O error
};

const kindOf = (state: string): StoreErrorKind => {
  for (let length = state.length; length >= 2; length -= 1) {
    const kind = kinds[state.slice(0, length)];
    if (kind !== undefined) return kind;
  }
  return "broken";
};

interface ServerError {
  readonly code: string;
  /** SQLSTATE. */
  readonly errno?: string;
  readonly table?: string;
  readonly constraint?: string;
}

const isConnectionCode = (code: string): boolean =>
  code.startsWith("ERR_POSTGRES_CONNECTION") ||
  [
    "ERR_POSTGRES_IDLE_TIMEOUT",
    "ERR_POSTGRES_LIFETIME_TIMEOUT",
    "ECONNREFUSED",
    "ECONNRESET",
    "ETIMEDOUT",
    "EPIPE",
    "ENOENT",
  ].includes(code);

/** Whether the connection is gone, so that nothing is known about what was sent last. */
export const isConnectionLoss = (error: unknown): boolean => {
  const { code, errno } = error as Partial<ServerError>;
  return isConnectionCode(code ?? "") || (typeof errno === "string" && /^(?:57P|08)/.test(errno));
};

/** The unique index by its name in the definition. */
const indexOf = (table: Table, constraint: string): string | undefined => {
  if (constraint === physicalName(`${table.name}_pkey`)) return "key";
  return table.indexes.find((index) => indexName(table, index.name) === constraint)?.name;
};

export const referenceName = (table: string, column: string): string => physicalName(`${table}_${column}_fkey`);

const fieldOf = (table: Table, constraint: string): string | undefined =>
  table.references.find((r) => referenceName(table.name, columnOf(table, r.field).name) === constraint)?.field;

/** Not allowed: for an append-only table the same as what its trigger says. */
const denied = "42501";

/** What the driver threw, as a `StoreError`; a `StoreError` and an error of the caller's code come back as they are. */
export const postgresError = (error: unknown, table?: Table): unknown => {
  if (error instanceof StoreError || !(error instanceof Error)) return error;
  const { code, errno, constraint } = error as Error & Partial<ServerError>;
  const ours = error instanceof SQL.SQLError || isConnectionCode(code ?? "");
  if (!ours) return error;
  const state = errno === denied && table?.appendOnly === true ? "23" : (errno ?? "");
  const kind = isConnectionCode(code ?? "") ? "unavailable" : kindOf(typeof state === "string" ? state : "");
  const index = kind === "unique" && table !== undefined ? indexOf(table, constraint ?? "") : undefined;
  const field = kind === "reference" && table !== undefined ? fieldOf(table, constraint ?? "") : undefined;
  return new StoreError(kind, `${errno ?? code ?? "error"}: ${error.message}`, {
    cause: error,
    ...(table === undefined ? {} : { table: table.name }),
    ...(index === undefined ? {} : { index }),
    ...(field === undefined ? {} : { field }),
  });
};
