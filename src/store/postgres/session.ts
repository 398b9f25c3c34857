/** One connection to Postgres: a pool of one, so that it reconnects by itself, with the settings every statement of the store runs under. */
import { SQL } from "bun";
import { lockTimeoutMs } from "../limits.ts";

/**
 * How long an open transaction may wait for this process before the server ends it, in milliseconds. As long as a lease (see batch/lease.ts): a
 * process that was stopped keeps the others waiting no longer with its locks than with its leases.
 */
const idleInTransactionMs = 5_000;

export interface SessionOptions {
  readonly url: string;
  /** How long a statement may run, in milliseconds. */
  readonly timeoutMs: number;
  /** Further settings, by name: what kind of session it is (see runtime-role.ts). */
  readonly settings?: Readonly<Record<string, string>>;
  readonly onClose?: () => void;
}

export const openSession = ({ url, timeoutMs, settings, onClose }: SessionOptions): SQL =>
  new SQL({
    url,
    max: 1,
    bigint: true,
    connectionTimeout: 10,
    ...(onClose === undefined ? {} : { onclose: onClose }),
    connection: {
      application_name: "pons",
      timezone: "UTC",
      statement_timeout: timeoutMs,
      lock_timeout: lockTimeoutMs,
      idle_in_transaction_session_timeout: idleInTransactionMs,
      default_transaction_isolation: "read committed",
      // An answer means that the write is on the disk, whatever the server, the database or the role has as its default.
      synchronous_commit: "on",
      // Planned once: the limit is in the statement's text, and keys are looked up by indexes whatever they are. Planning a batch anew for
      // each execution costs more than executing it.
      plan_cache_mode: "force_generic_plan",
      ...settings,
    },
  });

/** What runs statements: a session or a reserved connection of one. */
export interface Runner {
  unsafe<T>(sql: string, values?: unknown[]): SQL.Query<T>;
}
