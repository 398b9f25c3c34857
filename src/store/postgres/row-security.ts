/**
 * Row-level security: the second layer between tenants. The store's statements name a realm in every condition; Postgres holds each row against
 * the realms of the statement once more, so that a condition that is wrong or missing shows nothing of another tenant.
 *
 *   pons.realms      setting of a connection: the realms whose rows the next statement may see, change and write, sorted: `{3}`, `{0,3,7}`.
 *                    Where it was never set, whatever meets a row fails: a connection that lost it is not taken for an empty database.
 *   pons.all_realms  `on`: the owner of the tables sees all of them; for migration and for whoever looks by hand. Without it he sees nothing.
 *
 * See https://www.postgresql.org/docs/current/ddl-rowsecurity.html.
 */
import { quote } from "../compile/dialect.ts";
import { literal } from "../migrate/schema.ts";
import type { ActualGuard, Right } from "../migrate/schema.ts";

/** Who the guard of a table is for. */
export interface Guarded {
  /** The role that owns the tables: the one of the address. */
  readonly owner: string;
  /** The role that calls run as; without one they run as the owner, which its own policy binds too. */
  readonly runtime: string | undefined;
}

const setting = "pons.realms";
const allSetting = "pons.all_realms";

/** Fails where it was never set, but to those who say that they look at all realms. */
const settingSql = `current_setting('${setting}', current_setting('${allSetting}', true) IS NOT NULL)::integer[]`;
const realmsSql = `(SELECT ${settingSql})`;

const isAllowed = `"realm" = ANY (${realmsSql}::integer[])`;

/**
 * `isAllowed` for rows that are looked at, which may be many. Mostly there is one realm, and comparing it first halves the cost of a row. The
 * subqueries are evaluated once per statement. `IS NOT NULL` keeps the planner from taking the condition for a selective one: it would plan for
 * fewer rows than there are; indexes are chosen by the statement's own condition on the realm.
 */
const isVisible = `"realm" = (SELECT (${settingSql})[1]) OR nullif(${isAllowed}, false) IS NOT NULL`;

const realmsPolicy = "pons_realms";
const ownerPolicy = "pons_owner";

/** Changes when the policies do: a database that was guarded otherwise is migrated. */
const guardVersion = 1;

/** What a guard depends on, as text. */
export const guardKey = ({ owner, runtime }: Guarded): string => JSON.stringify([guardVersion, owner, runtime ?? null]);

/** The policies as they should be, with the roles they are for. */
const policies = ({ owner, runtime }: Guarded): Readonly<Record<string, string>> => ({
  [realmsPolicy]: runtime ?? owner,
  [ownerPolicy]: owner,
});

const isSame = (a: readonly string[], b: readonly string[]): boolean => a.length === b.length && a.every((x) => b.includes(x));

/** Policies that bind calls, or let them through: those for everyone and those for one of the two roles. */
const concerns = ({ owner, runtime }: Guarded, roles: readonly string[]): boolean =>
  roles.some((role) => role === "public" || role === owner || role === runtime);

const policySteps = (guarded: Guarded, table: string, actual: ActualGuard | undefined): readonly string[] => {
  const wanted = policies(guarded);
  const found = (actual?.policies ?? []).filter(({ name, roles }) => name in wanted || concerns(guarded, roles));
  const fits =
    actual?.isForced === true &&
    found.length === Object.keys(wanted).length &&
    found.every(({ name, roles, isForAll }) => isForAll && isSame(roles, [wanted[name] ?? ""]));
  if (fits) return [];
  const name = quote(table);
  return [
    ...found.map((policy) => `DROP POLICY ${quote(policy.name)} ON ${name}`),
    `CREATE POLICY ${realmsPolicy} ON ${name} TO ${quote(wanted[realmsPolicy] ?? "")} USING (${isVisible}) WITH CHECK (${isAllowed})`,
    `CREATE POLICY ${ownerPolicy} ON ${name} TO ${quote(guarded.owner)} USING (current_setting('${allSetting}', true) = 'on')`,
    `ALTER TABLE ${name} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY`,
  ];
};

const rightSteps = (
  { runtime }: Guarded,
  table: string,
  rights: readonly Right[],
  actual: ActualGuard | undefined,
): readonly string[] => {
  if (runtime === undefined || (actual !== undefined && isSame(actual.rights, rights))) return [];
  const grantee = quote(runtime);
  return [
    ...(actual === undefined ? [] : [`REVOKE ALL ON ${quote(table)} FROM PUBLIC, ${grantee}`]),
    ...(rights.length === 0 ? [] : [`GRANT ${rights.join(", ")} ON ${quote(table)} TO ${grantee}`]),
  ];
};

/** The statements that guard a table; none where it is guarded as it should be. `actual` is undefined for a table that was just made. */
export const guardSteps = (
  guarded: Guarded,
  { table, rights }: { readonly table: string; readonly rights: readonly Right[] },
  actual: ActualGuard | undefined,
): readonly string[] => [...policySteps(guarded, table, actual), ...rightSteps(guarded, table, rights, actual)];

/** Realms as the setting has them: `{0,3}`. Throws for what is no realm. */
export const realmsText = (realms: readonly number[]): string => {
  const [first] = realms;
  const isOne = first !== undefined && realms.every((realm) => realm === first);
  const all = isOne ? [first] : [...new Set(realms)].toSorted((a, b) => a - b);
  for (const realm of all) if (!Number.isSafeInteger(realm)) throw new TypeError(`${realm} is no realm`);
  return `{${all.join(",")}}`;
};

/** For the connection, until it is set again. The text is the parameter. */
export const setRealmsSql = `SELECT set_config('${setting}', $1, false)`;

/** For the rest of the transaction. */
export const setLocalRealms = (text: string): string => `SET LOCAL ${setting} = ${literal(text)}`;

/** Settings of a session of the owner that sees all rows. */
export const ownerSettings: Readonly<Record<string, string>> = { [allSetting]: "on" };

/** The connection has no realms: it is another one than the one that was told them. */
export const isWithoutRealms = (error: unknown): boolean => {
  const { errno, message } = error as { readonly errno?: unknown; readonly message?: unknown };
  return errno === "42704" && typeof message === "string" && message.includes(setting);
};
