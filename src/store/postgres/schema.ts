/** What a Postgres schema (the first of the search path) has: its tables, columns, indexes, references, triggers and guards. */
import { quote } from "../compile/dialect.ts";
import type { ActualGuard, ActualTable, Admin, Right } from "../migrate/schema.ts";

type Cells = Readonly<Record<string, unknown>>;

const inSchema = "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p')";

const columnsSql = `SELECT c.relname AS "table", a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull AS required
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid ${inSchema} AND a.attnum > 0 AND NOT a.attisdropped
  ORDER BY c.relname, a.attnum`;

const indexesSql = `SELECT c.relname AS "table", i.relname AS name, x.indisprimary AS "primary", x.indisunique AS "unique",
    k.position::int4 AS position, a.attname AS "column", (x.indoption[k.position - 1] & 3)::int4 AS option
  FROM pg_index x JOIN pg_class c ON c.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid
    CROSS JOIN LATERAL unnest(x.indkey::int2[]) WITH ORDINALITY AS k(number, position)
    LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number AND k.number > 0 ${inSchema}
  ORDER BY c.relname, i.relname, k.position`;

const referencesSql = `SELECT c.relname AS "table", a.attname AS "column", f.relname AS target
  FROM pg_constraint r JOIN pg_class c ON c.oid = r.conrelid JOIN pg_class f ON f.oid = r.confrelid
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (r.conkey) AND a.attname <> 'realm' ${inSchema} AND r.contype = 'f'
  ORDER BY c.relname, a.attname`;

const triggersSql = `SELECT c.relname AS "table", count(*)::int4 AS count
  FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid ${inSchema} AND p.proname = 'pons_append_only'
  GROUP BY c.relname`;

const guardsSql = `SELECT c.relname AS "table", c.relrowsecurity AND c.relforcerowsecurity AS forced,
    (SELECT string_agg(r.name, ',') FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) AS r(name)
      WHERE $1::text IS NOT NULL AND has_table_privilege($1::text, c.oid, r.name)) AS rights
  FROM pg_class c ${inSchema}`;

const policiesSql = `SELECT c.relname AS "table", p.polname AS name, p.polpermissive AND p.polcmd = '*' AS "isForAll",
    (SELECT json_agg(CASE r.id WHEN 0 THEN 'public' ELSE pg_get_userbyid(r.id) END) FROM unnest(p.polroles) AS r(id)) AS roles
  FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid ${inSchema}
  ORDER BY c.relname, p.polname`;

/** Bits of `indoption`: descending, nulls first. */
const nullsFirst = 2;

const text = (value: unknown): string => (typeof value === "string" ? value : "");

const byTable = (rows: readonly Cells[]): ReadonlyMap<string, readonly Cells[]> => Map.groupBy(rows, (row) => text(row["table"]));

const indexColumn = (row: Cells): string => {
  const option = Number(row["option"]);
  const order = option === 0 ? "" : option === nullsFirst ? " NULLS FIRST" : " DESC";
  return quote(text(row["column"])) + order;
};

const guardOf = (row: Cells | undefined, policies: readonly Cells[]): ActualGuard => ({
  isForced: row?.["forced"] === true,
  policies: policies.map((policy) => ({
    name: text(policy["name"]),
    roles: policy["roles"] as readonly string[],
    isForAll: policy["isForAll"] === true,
  })),
  rights: text(row?.["rights"]).split(",").filter(Boolean) as Right[],
});

/** `runtime`: the role that calls run as, whose rights are told. */
export const postgresTables = async (query: Admin["query"], runtime: string | undefined): Promise<readonly ActualTable[]> => {
  const columns = byTable(await query(columnsSql));
  const indexes = byTable(await query(indexesSql));
  const references = byTable(await query(referencesSql));
  const triggers = byTable(await query(triggersSql));
  const guards = byTable(await query(guardsSql, [runtime ?? null]));
  const policies = byTable(await query(policiesSql));
  return [...columns.entries()].map(([name, own]) => {
    const indexRows = indexes.get(name) ?? [];
    const secondary = Map.groupBy(
      indexRows.filter((row) => row["primary"] !== true),
      (row) => text(row["name"]),
    );
    return {
      name,
      columns: own
        .filter((row) => row["name"] !== "realm")
        .map((row) => ({ name: text(row["name"]), sqlType: text(row["type"]), nullable: row["required"] !== true })),
      key: indexRows.filter((row) => row["primary"] === true && row["column"] !== "realm").map((row) => text(row["column"])),
      indexes: [...secondary.entries()].map(([index, rows]) => ({
        name: index,
        unique: rows[0]?.["unique"] === true,
        columns: rows.map(indexColumn),
      })),
      references: (references.get(name) ?? []).map((row) => ({ column: text(row["column"]), table: text(row["target"]) })),
      appendOnly: Number(triggers.get(name)?.[0]?.["count"] ?? 0) === 2,
      guard: guardOf(guards.get(name)?.[0], policies.get(name) ?? []),
    };
  });
};
