/** Versions of the tariff: added whole or by a price grid, never changed; compared and exported. */
import { type FunctionRefusal, lte, type QueryContext, resource, t } from "pons";
import { everybody } from "../roles.ts";
import { difference, type TariffVersion, toCsv } from "../tariffs/index.ts";
import { cartons, ways } from "./listed.ts";
import { noTariff } from "./quote.ts";
import { contentIdOf, tariffContents, tariffs as declared } from "./tariff-fields.ts";
import { addVersion, contentOf, gridFrom, gridRefusals, versionAt, versionFrom, versionRefusals } from "./versions.ts";

/** Differences that are listed. */
const changesMax = 1_000;
const csvLengthMax = 500_000;

/** What is no object has no fields. */
const fieldsOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Readonly<Record<string, unknown>>) : {};

interface Compared {
  readonly to: string | null;
  readonly csv: string | null;
  readonly content: unknown;
}

/** The version that another one is compared with: one that is there, this one with another price grid, or one that is not added yet. */
const comparedWith = async (
  ctx: QueryContext,
  before: TariffVersion,
  { to, csv, content }: Compared,
): Promise<TariffVersion | FunctionRefusal> => {
  if (to !== null) {
    const other = await ctx.table(declared).get(to);
    return other === undefined ? ctx.refuse("tariff_not_found") : contentOf(ctx, other.id);
  }
  if (csv === null) return versionFrom(ctx, fieldsOf(content), before);
  const grid = gridFrom(ctx, csv);
  return "refused" in grid ? grid : versionFrom(ctx, { ...before, grid }, before);
};

export const tariffs = resource(declared, ({ all, filter, command, query, self }) => ({
  rows: { shop: all, warehouse: all, manager: all },
  appendOnly: true,
  sortBy: "number.desc",
  filters: { since: filter({ moment: t.dateTime() }, (row, { moment }) => lte(row.effectiveFrom, moment)) },
  events: {
    added: {
      doc: "There is a new version of the tariff.",
      data: { tariff: t.ref("tariffs"), number: t.integer(), effectiveFrom: t.dateTime() },
    },
  },
  create: command({
    on: "collection",
    doc: "Adds a version. Its id and number are given by the server; it never changes.",
    roles: ["manager"],
    input: { content: t.json({ doc: "Zones, services, the price grid, packaging, tax and calendar; see the guide." }) },
    output: "row",
    refusals: versionRefusals,
    run: (ctx, { input }) => addVersion(ctx, fieldsOf(input.content)),
  }),
  functions: {
    content: query({
      on: "item",
      doc: "What the version says.",
      roles: everybody,
      output: { content: t.json() },
      run: async (ctx, { row }) => ({ content: await contentOf(ctx, row.id) }),
    }),
    ways: query({ on: "item", ...ways }),
    cartons: query({ on: "item", ...cartons }),
    inForce: query({
      on: "collection",
      doc: "The version that counts at a moment.",
      roles: everybody,
      input: { at: t.dateTime({ optional: true, doc: "Now unless given." }) },
      output: "row",
      refusals: noTariff,
      run: async (ctx, { input }) => {
        const found = await versionAt(ctx, input.at ?? ctx.now);
        return found === null ? ctx.refuse("no_tariff") : ctx.table(self).get(found.tariff);
      },
    }),
    grid: query({
      on: "item",
      doc: "The price grid as CSV: service, zone, weights in grams, price.",
      roles: everybody,
      output: "document",
      documents: ["text/csv"],
      run: async (ctx, { row }) =>
        ctx.document({
          mediaType: "text/csv",
          filename: `tariff-${row.number}.csv`,
          content: toCsv(await contentOf(ctx, row.id)),
        }),
    }),
    importGrid: command({
      on: "item",
      doc: "Adds a version that is this one with another price grid, from a moment on.",
      roles: ["manager"],
      input: {
        csv: t.text({ minLength: 1, maxLength: csvLengthMax, doc: "As `grid` gives it." }),
        effectiveFrom: t.dateTime({ doc: "From here on it counts." }),
        name: t.string({ optional: true, maxLength: 200, doc: "As this one's unless given." }),
      },
      output: "row",
      refusals: gridRefusals,
      run: async (ctx, { row, input }) => {
        const grid = gridFrom(ctx, input.csv);
        if ("refused" in grid) return grid;
        const kept = await ctx.table(tariffContents).get(contentIdOf(row.id));
        if (kept === undefined) throw new Error(`${row.id} has no content`);
        const { effectiveFrom, name } = input;
        const content = kept.content as Readonly<Record<string, unknown>>;
        return addVersion(ctx, { ...content, grid, effectiveFrom, effectiveTo: null, name: name ?? row.name });
      },
    }),
    difference: query({
      on: "item",
      doc: `What another version changes of this one, or what one would change that is not added yet: one of \`to\`, \`csv\`, \`content\`. Nothing is added. At most ${changesMax} differences.`,
      roles: everybody,
      input: {
        to: t.ref("tariffs", { optional: true, doc: "The other version." }),
        csv: t.text({
          optional: true,
          minLength: 1,
          maxLength: csvLengthMax,
          doc: "This one with another price grid, as for `importGrid`.",
        }),
        content: t.json({ optional: true, doc: "A whole version, as `create` would add it." }),
      },
      output: {
        total: t.integer({ doc: "Differences, also those that are not listed." }),
        changes: t.array(
          t.object({
            path: t.string({ doc: "`services[courier].limits.weightMax`" }),
            kind: t.enum(["added", "removed", "changed"]),
            before: t.json({ optional: true }),
            after: t.json({ optional: true }),
          }),
          { maxItems: changesMax },
        ),
      },
      refusals: {
        ...gridRefusals,
        tariff_not_found: { status: 404, doc: "There is no such version." },
        nothing_to_compare: { status: 422, doc: "None or several of `to`, `csv` and `content` are given." },
      },
      run: async (ctx, { row, input: { to, csv, content } }) => {
        if ([to, csv, content].filter((given) => given !== null).length !== 1) return ctx.refuse("nothing_to_compare");
        const before = await contentOf(ctx, row.id);
        const after = await comparedWith(ctx, before, { to, csv, content });
        if ("refused" in after) return after;
        const changes = difference(before, after);
        return {
          total: changes.length,
          changes: changes.slice(0, changesMax).map(({ path, kind, before, after }) => ({
            path,
            kind,
            before: before ?? null,
            after: after ?? null,
          })),
        };
      },
    }),
  },
}));
