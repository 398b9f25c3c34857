/** Code finds and counts rows by what is behind their references, seeing what it and its batch changed there. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { and, type Condition, eq, ne, notNull, or, related, resource, service, t } from "../../../src/index.ts";
import { dataOf, forEachEngine, idOf, outcomeOf, type Running, serve } from "../harness.ts";

const countries = resource("countries", { doc: "Countries.", fields: { id: t.id("cty"), code: t.string() } }, ({ all }) => ({
  rows: { clerk: all },
  access: { create: ["clerk"] },
}));
const cities = resource(
  "cities",
  { doc: "Cities.", fields: { id: t.id("cit"), name: t.string(), country: t.ref("countries", { optional: true }) } },
  ({ all }) => ({ rows: { clerk: all }, access: { create: ["clerk"], update: ["clerk"] } }),
);
const output = { found: t.array(t.string()), count: t.integer() } as const;
const input = { code: t.string(), city: t.ref("cities", { optional: true }) } as const;
const shops = resource(
  "shops",
  { doc: "Shops.", fields: { id: t.id("shp"), name: t.string(), city: t.ref("cities") } },
  ({ all, command, query, self }) => {
    const inCountry =
      (code: string) =>
      ({ city }: { readonly city: Parameters<typeof related>[0] }): Condition =>
        and(
          eq(related(related(city, "country"), "code"), code),
          or(ne(related(city, "name"), "x"), notNull(related(city, "name"))),
        );
    return {
      rows: { clerk: all },
      access: { create: ["clerk"] },
      functions: {
        look: query({
          on: "collection",
          doc: "Finds shops of a country.",
          roles: ["clerk"],
          input,
          output,
          run: async (ctx, call) => {
            const shopsOf = ctx.table(self);
            const found = await shopsOf.find(inCountry(call.input.code), { sortBy: "name" });
            return { found: found.map(({ name }) => name), count: await shopsOf.count(inCountry(call.input.code)) };
          },
        }),
        move: command({
          on: "collection",
          doc: "Moves a city to no country, then finds shops of a country.",
          roles: ["clerk"],
          input,
          output,
          run: async (ctx, call) => {
            if (call.input.city !== null) {
              await ctx.table(cities).get(call.input.city);
              ctx.table(cities).update(call.input.city, { country: null });
            }
            const shopsOf = ctx.table(self);
            const found = await shopsOf.find(inCountry(call.input.code), { sortBy: "name" });
            return { found: found.map(({ name }) => name), count: await shopsOf.count(inCountry(call.input.code)) };
          },
        }),
        lost: query({
          on: "collection",
          doc: "Asks for a relation that is none.",
          roles: ["clerk"],
          output: { count: t.integer() },
          run: async (ctx) => ({ count: await ctx.table(self).count(({ name }) => eq(related(name, "code"), "x")) }),
        }),
      },
    };
  },
);
const trade = service("trade", {
  doc: "Trade.",
  version: "v1",
  roles: { clerk: "Staff." },
  resources: [countries, cities, shops],
});

forEachEngine((engine) => {
  describe("conditions over relations in code", () => {
    let running: Running;
    let munich: string;
    beforeAll(async () => {
      running = await serve(await engine.create(), { services: [trade], tolerant: true });
      const create = async (name: string, body: object) => idOf(await running.call(`${name}.create`, { body }));
      const [de, fr] = [await create("countries", { code: "DE" }), await create("countries", { code: "FR" })];
      munich = await create("cities", { name: "Munich", country: de });
      const paris = await create("cities", { name: "Paris", country: fr });
      const nowhere = await create("cities", { name: "Nowhere" });
      const berlin = await create("cities", { name: "Berlin", country: de });
      for (const [name, city] of Object.entries({ a: munich, b: paris, c: nowhere, d: berlin, e: munich }))
        await create("shops", { name, city });
    });
    afterAll(() => running[Symbol.asyncDispose]());

    test("in a query", async () => {
      expect(dataOf(await running.call("shops.look", { body: { code: "DE" } }))).toEqual({ found: ["a", "d", "e"], count: 3 });
      expect(dataOf(await running.call("shops.look", { body: { code: "IT" } }))).toEqual({ found: [], count: 0 });
    });

    test("in a command, which sees what it changed behind the reference", async () => {
      expect(dataOf(await running.call("shops.move", { body: { code: "DE" } }))).toEqual({ found: ["a", "d", "e"], count: 3 });
      expect(dataOf(await running.call("shops.move", { body: { code: "DE", city: munich } }))).toEqual({
        found: ["d"],
        count: 1,
      });
    });

    test("over what is no relation the error says so", async () => {
      expect(outcomeOf(await running.call("shops.lost", { body: {} }))).toBe("500 internal");
      expect(String(running.errors.at(-1))).toContain('shops has no to-one relation "name"');
    });
  });
});
