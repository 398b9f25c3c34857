/** Places of addresses: which region, district and town a postal code belongs to, and towns by the beginning of their names. */
import { and, gt, oneOf, resource, rowOf, startsWith, t } from "pons";
import { derivedId } from "../derived-id.ts";
import { versionAt } from "../pricing/versions.ts";
import { everybody } from "../roles.ts";
import { nameKey, postalKey, zoneOf } from "../tariffs/index.ts";

/** Places of one answer. */
const foundMax = 50;
const nameLengthMin = 2;
const prefixLengthMax = 12;

const name = (doc: string, example?: string) =>
  t.string({ optional: true, minLength: 1, maxLength: 100, doc, ...(example === undefined ? {} : { example }) });

const input = {
  prefix: t.string({
    minLength: 1,
    maxLength: prefixLengthMax,
    pattern: "[0-9A-Za-z -]+",
    index: true,
    doc: "Postal codes that begin so, or one whole code; kept without space and hyphens.",
    example: "101",
  }),
  region: t.string({ minLength: 1, maxLength: 100, doc: "Region or state.", example: "Aldermark" }),
  district: name("District of the region.", "Riverside"),
  city: name("City.", "Alderburg"),
  settlement: name("Settlement outside a city, or a part of one.", "Old Harbour"),
};

const fields = {
  id: t.id("plc"),
  ...input,
  searchName: t.string({
    write: "never",
    index: true,
    doc: "Its settlement or else its city, in small letters: what is searched.",
  }),
};

interface Named {
  readonly region: string;
  readonly district: string | null;
  readonly city: string | null;
  readonly settlement: string | null;
}

/** The same place of a prefix is one row. */
const idOf = (prefix: string, { region, district, city, settlement }: Named): string =>
  derivedId(
    "plc",
    `place ${JSON.stringify([prefix, ...[region, district, city, settlement].map((part) => nameKey(part ?? ""))])}`,
  );

const beginnings = (code: string): readonly string[] => Array.from({ length: code.length }, (_, at) => code.slice(0, at + 1));

export const places = resource(
  "places",
  { doc: "Places that addresses are in, by the beginning of their postal code.", fields },
  ({ self, all, command, query }) => ({
    rows: { shop: all, warehouse: all, manager: all },
    access: { delete: ["manager"] },
    sortBy: "prefix",
    create: command({
      on: "collection",
      doc: "Adds a place; one that is there already stays as it is.",
      roles: ["manager"],
      input,
      output: "row",
      refusals: { invalid_prefix: { status: 422, doc: "The prefix has neither a letter nor a digit." } },
      load: ({ input: given }) => ({ known: rowOf(self, idOf(postalKey(given.prefix), given)) }),
      run: (ctx, { input: given, loaded: { known } }) => {
        const prefix = postalKey(given.prefix);
        if (prefix === "") return ctx.refuse("invalid_prefix");
        if (known !== undefined) return ctx.replayed(known);
        const searchName = nameKey(given.settlement ?? given.city ?? "");
        return ctx.created(ctx.table(self).insert({ ...given, id: idOf(prefix, given), prefix, searchName }));
      },
    }),
    functions: {
      lookup: query({
        on: "collection",
        doc: `Places of a postal code, of a name's beginning, or of both: the longest prefix first, then by name; of the beginning of a code those of longer ones after them. At most ${foundMax}. With the zone of the tariff in force.`,
        roles: everybody,
        input: {
          index: t.string({
            optional: true,
            minLength: 1,
            maxLength: prefixLengthMax,
            doc: "Postal code, or its beginning.",
            example: "10115",
          }),
          name: t.string({
            optional: true,
            minLength: nameLengthMin,
            maxLength: 100,
            doc: "Beginning of a settlement's or city's name.",
            example: "Ald",
          }),
        },
        output: {
          places: t.array(
            t.object({
              prefix: t.string(),
              region: t.string(),
              district: t.string({ optional: true }),
              city: t.string({ optional: true }),
              settlement: t.string({ optional: true }),
              zone: t.string({ optional: true, doc: "Of the tariff in force; absent where it has none for the place." }),
            }),
            { maxItems: foundMax },
          ),
        },
        refusals: { nothing_to_look_up: { status: 422, doc: "Give a postal code, or two letters of a name." } },
        run: async (ctx, { input: { index, name: given } }) => {
          const code = postalKey(index ?? "");
          const beginning = nameKey(given ?? "");
          if (code === "" && beginning.length < nameLengthMin) return ctx.refuse("nothing_to_look_up");
          const table = ctx.table(self);
          const found = await table.find(
            (row) =>
              and(
                ...(code === "" ? [] : [oneOf(row.prefix, beginnings(code))]),
                ...(beginning === "" ? [] : [startsWith(row.searchName, beginning)]),
              ),
            { limit: foundMax, sortBy: code === "" ? "searchName,prefix" : "prefix.desc" },
          );
          // While a code is being typed, the places of codes that begin so.
          if (code !== "" && found.length < foundMax) {
            const longer = await table.find(
              (row) =>
                and(
                  startsWith(row.prefix, code),
                  gt(row.prefix, code),
                  ...(beginning === "" ? [] : [startsWith(row.searchName, beginning)]),
                ),
              { limit: foundMax - found.length, sortBy: "prefix" },
            );
            found.push(...longer);
          }
          const version = (await versionAt(ctx, ctx.now))?.version;
          return {
            // One code's beginnings begin each other: the last one in order is the longest.
            places: found.map(({ prefix, region, district, city, settlement }) => {
              const address = {
                index: code.startsWith(prefix) && code !== "" ? code : prefix,
                region,
                district,
                city,
                settlement,
              };
              const zone = version === undefined ? undefined : zoneOf(version, address)?.id;
              return { prefix, region, district, city, settlement, zone: zone ?? null };
            }),
          };
        },
      }),
    },
  }),
);
