/** How the calls went: how many, how many of them refused or failed, how long they took; by app, operation, country and so on. */
import { latencyAt, latencyBuckets, query, type QueryContext, t } from "pons";
import { csvOf } from "./csv.ts";
import { byGroups, fieldsOfGroups, groupsOf, isRefusal, sumGroups, type Sums, tooManyGroups, totalOf } from "./grouping.ts";
import { periodInput, periodOf, readers } from "./period.ts";
import { trafficRecords } from "./records.ts";

const groupNames = ["hour", "day", "month", "app", "operation", "version", "outcome", "channel", "country"] as const;

const input = {
  ...periodInput,
  group: t.array(t.enum(groupNames), {
    default: ["day"],
    maxItems: 3,
    doc: "What it is grouped by, in this order; one time at most. Empty: only the sum.",
  }),
  orderBy: t.enum(["groups", "calls", "errors", "latency"], {
    default: "groups",
    doc: "Which groups stand first: in their own order, or those with the most calls, the most errors, the slowest (95th percentile).",
  }),
  limit: t.integer({ default: 1_000, min: 1, max: 10_000, doc: "Groups at most." }),
};

/** Microseconds. */
const time = (share: string) =>
  t.integer({ optional: true, doc: `Microseconds within which ${share} of the calls were answered, to within a factor of √2.` });

const figures = {
  calls: t.integer({ doc: "Calls, whatever came of them." }),
  errors: t.integer({ doc: "Of these, those that were refused or failed." }),
  errorRatio: t.decimal({ doc: "Errors per call.", example: "0.0125" }),
  p50: time("half"),
  p95: time("95 %"),
  p99: time("99 %"),
};

const figureNames = Object.keys(figures);
const sumNames = ["calls", "errors", ...latencyBuckets] as const;

interface Asked {
  readonly from: string | null;
  readonly to: string | null;
  readonly environment: "sandbox" | "live" | null;
  readonly app: string | null;
  readonly group: readonly (typeof groupNames)[number][];
  readonly orderBy: "groups" | "calls" | "errors" | "latency";
  readonly limit: number;
}

const measures = (row: Readonly<Record<string, unknown>>): Sums =>
  Object.fromEntries(sumNames.map((name) => [name, row[name] as bigint]));

/** Digits behind the point of a ratio. */
const ratioDigits = 4;

const figuresOf = (sums: Sums) => {
  const counts = latencyBuckets.map((name) => sums[name] ?? 0n);
  const microseconds = (share: number): number | null => {
    const ms = latencyAt(counts, share);
    return ms === null ? null : Math.round(ms * 1_000);
  };
  const [calls, errors] = [Number(sums["calls"]), Number(sums["errors"])];
  const errorRatio = (calls === 0 ? 0 : errors / calls).toFixed(ratioDigits);
  return { calls, errors, errorRatio, p50: microseconds(0.5), p95: microseconds(0.95), p99: microseconds(0.99) };
};

type Row = ReturnType<typeof figuresOf>;

const orders: Readonly<Record<Exclude<Asked["orderBy"], "groups">, (row: Row) => number>> = {
  calls: ({ calls }) => calls,
  errors: ({ errors }) => errors,
  latency: ({ p95 }) => p95 ?? 0,
};

const analyticsOf = async (ctx: QueryContext, asked: Asked) => {
  const groups = groupsOf(ctx, asked.group);
  if (isRefusal(groups)) return groups;
  const period = await periodOf(ctx, asked);
  if (isRefusal(period)) return period;
  const found = await sumGroups(ctx, {
    groups,
    environment: period.environment,
    ask: (environment, { group, part }) =>
      Promise.resolve(
        ctx.table(trafficRecords, environment === undefined ? {} : { environment }).totals({
          where: period.where,
          group: group as "app"[],
          sum: sumNames,
          ...(part === undefined ? {} : { part }),
        }),
      ),
    measures,
  });
  if (isRefusal(found)) return found;
  const rows = found.toSorted(byGroups).map((row) => ({ ...row.groups, ...figuresOf(row.sums) }));
  const order = asked.orderBy === "groups" ? undefined : orders[asked.orderBy];
  const ordered = order === undefined ? rows : rows.toSorted((a, b) => order(b) - order(a));
  return {
    from: period.from,
    to: period.to,
    total: figuresOf(totalOf(found, sumNames)),
    groups: rows.length,
    rows: ordered.slice(0, asked.limit),
  };
};

export const analytics = query({
  doc: "How the calls of a time went: calls, errors, latency, grouped. Developers see that of their own apps.",
  roles: readers,
  input,
  output: {
    from: t.dateTime(),
    to: t.dateTime(),
    total: t.object(figures),
    groups: t.integer({ doc: "How many groups there are, with those beyond `limit`." }),
    rows: t.array(t.object({ ...fieldsOfGroups(groupNames), ...figures })),
  },
  refusals: tooManyGroups,
  run: (ctx, { input: asked }) => analyticsOf(ctx, asked),
});

export const exportAnalytics = query({
  doc: "How the calls of a time went, as a file: the rows of `analytics` as CSV.",
  roles: readers,
  input,
  output: "document",
  documents: ["text/csv"],
  refusals: tooManyGroups,
  run: async (ctx, { input: asked }) => {
    const found = await analyticsOf(ctx, asked);
    if (isRefusal(found)) return found;
    const content = csvOf([...asked.group, ...figureNames], found.rows);
    const filename = `analytics-${asked.environment}-${found.from.slice(0, 10)}-${found.to.slice(0, 10)}.csv`;
    return ctx.document({ mediaType: "text/csv", filename, content });
  },
});
