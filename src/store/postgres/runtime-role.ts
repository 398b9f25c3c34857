/**
 * The role that calls run as. The role of the address owns the tables, and migrates them; statements of calls run as `<owner>_runtime`, which owns
 * nothing, cannot log in, and has of each table only the rights that calls need: of an append-only one none to change or remove rows.
 *
 * Made when it is missing, which needs CREATEROLE. Databases of one owner share it; those of others have one of their own, with no right to these.
 * An owner who may not make roles runs calls himself, still bound by row-level security (`doubts` says so); one whom row-level security
 * does not bind is refused.
 */
import type { SQL } from "bun";
import { quote } from "../compile/dialect.ts";
import { physicalName } from "../migrate/schema.ts";
import { StoreError } from "../store-error.ts";
import { postgresError } from "./error.ts";
import type { Guarded } from "./row-security.ts";

export interface Server extends Guarded {
  /** The schema of the tables. */
  readonly schema: string;
  /** What the store has to go without, a sentence each. */
  readonly doubts: readonly string[];
  /** Settings of the sessions that calls run on. */
  readonly settings: Readonly<Record<string, string>>;
}

interface Facts {
  readonly utf8: boolean;
  readonly icu: boolean;
  readonly owner: string;
  readonly schema: string | null;
  readonly path: string | null;
  /** A superuser, or a role with BYPASSRLS. */
  readonly exempt: boolean;
  readonly creates: boolean;
}

const factsSql = `SELECT current_setting('server_encoding') = 'UTF8' AS utf8,
    EXISTS (SELECT 1 FROM pg_collation WHERE collname = 'und-x-icu') AS icu,
    session_user::text AS owner, current_schema()::text AS schema,
    (SELECT string_agg(quote_ident(name), ', ') FROM unnest(current_schemas(false)) AS name) AS path,
    rolsuper OR rolbypassrls AS exempt, rolsuper OR rolcreaterole AS creates
  FROM pg_roles WHERE rolname = session_user`;

/** SQLSTATEs: no such role; not allowed. */
const missing = "22023";
const denied = "42501";
/** Somebody else was faster: the role's name, or the row of its membership. */
const alreadyThere = ["42710", "23505"];

const stateOf = (error: unknown): string => String((error as { readonly errno?: unknown }).errno);

const run = async <T>(session: SQL, sql: string, values: unknown[] = []): Promise<readonly T[]> => {
  try {
    return await session.unsafe<T[]>(sql, values);
  } catch (error) {
    throw postgresError(error);
  }
};

/** Runs a statement that may fail in one of these ways; whether it did not. */
const succeeds = async (session: SQL, sql: string, states: readonly string[], values: unknown[] = []): Promise<boolean> => {
  try {
    await session.unsafe(sql, values);
    return true;
  } catch (error) {
    if (states.includes(stateOf(error))) return false;
    throw postgresError(error);
  }
};

/** Whether the session may become the role: tried, for the length of the statement. */
const mayBecome = (session: SQL, role: string): Promise<boolean> =>
  succeeds(session, "SELECT set_config('role', $1, true)", [missing, denied], [role]);

/** Makes the role and the owner its member, in one statement: whoever finds the role finds the membership. */
const make = async (session: SQL, role: string, owner: string): Promise<boolean> => {
  await succeeds(session, `CREATE ROLE ${quote(role)} NOLOGIN NOINHERIT ROLE ${quote(owner)}`, [...alreadyThere, denied]);
  if (await mayBecome(session, role)) return true;
  // It was there before, made by somebody else.
  await succeeds(session, `GRANT ${quote(role)} TO ${quote(owner)}`, [...alreadyThere, missing, denied]);
  return mayBecome(session, role);
};

const assertBound = async (session: SQL, role: string): Promise<void> => {
  const [row] = await run<{ readonly exempt: boolean }>(
    session,
    "SELECT rolsuper OR rolbypassrls AS exempt FROM pg_roles WHERE rolname = $1",
    [role],
  );
  if (row?.exempt !== false)
    throw new StoreError(
      "broken",
      `row-level security does not bind the role ${role}: ALTER ROLE ${quote(role)} NOSUPERUSER NOBYPASSRLS`,
    );
};

/** Looks whether the server can do what the store needs of it, and makes the role of the calls. Throws `StoreError` where it cannot. */
export const prepareServer = async (session: SQL): Promise<Server> => {
  const [facts] = await run<Facts>(session, factsSql);
  if (facts?.utf8 !== true) throw new StoreError("broken", "the database's encoding must be UTF8");
  if (!facts.icu) throw new StoreError("broken", "the Postgres server was built without ICU, which folding letter case needs");
  const { owner, schema, path, exempt, creates } = facts;
  if (schema === null || path === null)
    throw new StoreError("broken", "the search path of the database names no schema that is there");
  const role = physicalName(`${owner}_runtime`);
  if ((await mayBecome(session, role)) || (creates && (await make(session, role, owner)))) {
    await assertBound(session, role);
    // The path is the owner's: "$user" in it would be the role.
    return { owner, runtime: role, schema, doubts: [], settings: { role, search_path: path } };
  }
  const remedy = `CREATE ROLE ${quote(role)} NOLOGIN ROLE ${quote(owner)}`;
  if (exempt)
    throw new StoreError(
      "broken",
      `row-level security does not bind the role ${owner}, and calls cannot run as another: ${remedy}`,
    );
  const doubt = `Calls run as ${owner}, the owner of the tables, because there is no role ${role}: ${remedy}`;
  return { owner, runtime: undefined, schema, doubts: [doubt], settings: {} };
};
