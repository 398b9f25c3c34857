/** Versions of the tariff: added whole or by a price grid, never changed; compared and exported. */
import { lte, resource, t } from "pons";
import { everybody } from "../roles.ts";
import { difference, fromCsv, toCsv } from "../tariffs/index.ts";
import { cartons, ways } from "./listed.ts";
import { noTariff } from "./quote.ts";
import { contentIdOf, tariffContents, tariffs as declared } from "./tariff-fields.ts";
import { addVersion, contentOf, versionAt, versionRefusals } from "./versions.ts";

/** Differences that are listed, and problems of a grid. */
const changesMax = 1_000;
const problemsShown = 20;
const csvLengthMax = 500_000;

const notFound = { tariff_not_found: { status: 404, doc: "There is no such version." } } as const;

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

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
    run: (ctx, { input }) => addVersion(ctx, isObject(input.content) ? input.content : {}),
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
      refusals: { ...versionRefusals, invalid_grid: { status: 422, doc: "The CSV has mistakes, which `problems` lists." } },
      run: async (ctx, { row, input }) => {
        const found = fromCsv(input.csv);
        if (found.grid === undefined)
          return ctx.refuse("invalid_grid", {
            problems: found.problems
              .slice(0, problemsShown)
              .map(({ line, column, code, text }) => ({ line, column, code, text })),
          });
        const kept = await ctx.table(tariffContents).get(contentIdOf(row.id));
        if (kept === undefined) throw new Error(`${row.id} has no content`);
        const { effectiveFrom, name } = input;
        return addVersion(ctx, {
          ...(kept.content as Readonly<Record<string, unknown>>),
          grid: found.grid,
          effectiveFrom,
          effectiveTo: null,
          name: name ?? row.name,
        });
      },
    }),
    difference: query({
      on: "item",
      doc: `What another version changes of this one; at most ${changesMax} differences.`,
      roles: everybody,
      input: { to: t.ref("tariffs", { doc: "The other version." }) },
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
      refusals: notFound,
      run: async (ctx, { row, input }) => {
        const other = await ctx.table(self).get(input.to);
        if (other === undefined) return ctx.refuse("tariff_not_found");
        // Which version it is differs always.
        const changes = difference(await contentOf(ctx, row.id), await contentOf(ctx, other.id)).filter(
          ({ path }) => path !== "id" && path !== "number",
        );
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
