/** What was used, as it is billed: calls and units. Each number is a sum of rows that were committed with the calls that caused them. */
import { query, type QueryContext, t } from "pons";
import { csvOf } from "./csv.ts";
import { byGroups, fieldsOfGroups, groupsOf, isRefusal, sumGroups, type Sums, tooManyGroups, totalOf } from "./grouping.ts";
import { periodInput, periodOf, readers } from "./period.ts";
import { usageRecords } from "./records.ts";

const groupNames = ["hour", "day", "month", "app", "plan", "user", "key", "operation", "version", "outcome"] as const;

const input = {
  ...periodInput,
  group: t.array(t.enum(groupNames), {
    default: ["day"],
    maxItems: 3,
    doc: "What it is grouped by, in this order; one time at most. Empty: only the sum.",
  }),
};

const sums = {
  calls: t.integer({ doc: "Calls, whatever came of them." }),
  errors: t.integer({ doc: "Of these, those that were refused or failed." }),
  units: t.integer({ doc: "Units that they cost." }),
};

const sumNames = Object.keys(sums);

interface Asked {
  readonly from: string | null;
  readonly to: string | null;
  readonly environment: "sandbox" | "live" | null;
  readonly app: string | null;
  readonly group: readonly (typeof groupNames)[number][];
}

const measures = (row: Readonly<Record<string, unknown>>): Sums => {
  const calls = row["calls"] as bigint;
  return { calls, errors: (row["statusClass"] as number) >= 4 ? calls : 0n, units: row["units"] as bigint };
};

const numbers = (of: Sums) => ({ calls: Number(of["calls"]), errors: Number(of["errors"]), units: Number(of["units"]) });

const usageOf = async (ctx: QueryContext, asked: Asked) => {
  const groups = groupsOf(ctx, asked.group);
  if (isRefusal(groups)) return groups;
  const period = await periodOf(ctx, asked);
  if (isRefusal(period)) return period;
  const found = await sumGroups(ctx, {
    groups,
    environment: period.environment,
    ask: (environment, { group, part }) =>
      Promise.resolve(
        ctx.table(usageRecords, environment === undefined ? {} : { environment }).totals({
          where: period.where,
          group: [...new Set([...group, "statusClass"])] as "statusClass"[],
          sum: ["calls", "units"],
          ...(part === undefined ? {} : { part }),
        }),
      ),
    measures,
  });
  if (isRefusal(found)) return found;
  const rows = found.toSorted(byGroups).map((row) => ({ ...row.groups, ...numbers(row.sums) }));
  return { from: period.from, to: period.to, total: numbers(totalOf(found, sumNames)), rows };
};

export const usage = query({
  doc: "What was used: calls and units of a time, grouped. Developers see that of their own apps.",
  roles: readers,
  input,
  output: {
    from: t.dateTime(),
    to: t.dateTime(),
    total: t.object(sums),
    rows: t.array(t.object({ ...fieldsOfGroups(groupNames), ...sums }), { doc: "In the order of the groups." }),
  },
  refusals: tooManyGroups,
  run: (ctx, { input: asked }) => usageOf(ctx, asked),
});

export const exportUsage = query({
  doc: "What was used, as a file: the rows of `usage` as CSV.",
  roles: readers,
  input,
  output: "document",
  documents: ["text/csv"],
  refusals: tooManyGroups,
  run: async (ctx, { input: asked }) => {
    const found = await usageOf(ctx, asked);
    if (isRefusal(found)) return found;
    const content = csvOf([...asked.group, ...sumNames], found.rows);
    const filename = `usage-${asked.environment}-${found.from.slice(0, 10)}-${found.to.slice(0, 10)}.csv`;
    return ctx.document({ mediaType: "text/csv", filename, content });
  },
});
