/** A command that deletes a row may give its unique value to another, with rows that refer to either. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { eq, resource, service, t } from "../../../src/index.ts";
import { dataOf, forEachEngine, idOf, outcomeOf, rowsOf, type Running, serve } from "../harness.ts";

const marks = resource(
  "marks",
  { doc: "Marks on plates.", fields: { id: t.id("mrk"), plate: t.ref("plates"), text: t.string() } },
  ({ all }) => ({ rows: { clerk: all }, access: { create: ["clerk"] } }),
);

const plates = resource(
  "plates",
  { doc: "Number plates.", fields: { id: t.id("plt"), number: t.string({ unique: true }), car: t.string({ optional: true }) } },
  ({ all, many, command, self }) => ({
    rows: { clerk: all },
    access: { create: ["clerk"], delete: ["clerk"] },
    relations: { marks: many("marks") },
    functions: {
      reissue: command({
        on: "item",
        doc: "Takes a plate away and makes a new one with its number.",
        roles: ["clerk"],
        input: { withMarks: t.boolean({ default: false }) },
        run: async (ctx, { row, input }) => {
          const found = input.withMarks ? await ctx.table(marks).find(({ plate }) => eq(plate, row.id)) : [];
          for (const { id } of found) ctx.table(marks).delete(id);
          ctx.table(self).delete(row.id);
          const plate = ctx.table(self).insert({ number: row.number, car: "new" });
          for (const { text } of found) ctx.table(marks).insert({ plate: plate.id, text });
          return plate;
        },
      }),
      takeOver: command({
        on: "item",
        doc: "Takes the number of another plate, which goes.",
        roles: ["clerk"],
        input: { other: t.ref("plates") },
        run: async (ctx, { row, input }) => {
          const other = await ctx.table(self).get(input.other);
          if (other === undefined) throw new Error("no such plate");
          ctx.table(self).delete(other.id);
          return ctx.table(self).update(row.id, { number: other.number });
        },
      }),
    },
  }),
);

const office = service("plates", { doc: "Plates.", version: "v1", roles: { clerk: "Staff." }, resources: [marks, plates] });

forEachEngine((engine) => {
  describe("a unique value changes hands within one command", () => {
    let running: Running;
    let numbers = 0;
    beforeAll(async () => (running = await serve(await engine.create(), { services: [office] })));
    afterAll(() => running[Symbol.asyncDispose]());

    const plate = async () => idOf(await running.call("plates.create", { body: { number: `M-${++numbers}` } }));
    const mark = (of: string, text: string) => running.call("marks.create", { body: { plate: of, text } });

    test("from a deleted row to a new one, alone and among neighbours", async () => {
      const [first, second] = [await plate(), await plate()];
      const results = await Promise.all([
        running.call("plates.reissue", { id: first, body: {} }),
        running.call("plates.create", { body: { number: "neighbour" } }),
        running.call("plates.reissue", { id: second, body: {} }),
      ]);
      expect(results.map(outcomeOf)).toEqual(["200", "201", "200"]);
      expect(dataOf(results[0])).toMatchObject({ number: "M-1", car: "new" });
      expect(outcomeOf(await running.call("plates.get", { id: first }))).toBe("404 not_found");
    });

    test("with the rows that refer to both", async () => {
      const old = await plate();
      await mark(old, "dent");
      await mark(old, "rust");
      const made = dataOf(await running.call("plates.reissue", { id: old, body: { withMarks: true } }));
      const found = rowsOf(await running.call("marks.list", { query: { sortBy: ["text"] } }));
      expect(found.map((row) => [row["text"], row["plate"]])).toEqual([
        ["dent", made["id"]],
        ["rust", made["id"]],
      ]);
    });

    test("from a deleted row to one that was there", async () => {
      const [one, other] = [await plate(), await plate()];
      const number = dataOf(await running.call("plates.get", { id: other }))["number"];
      expect(dataOf(await running.call("plates.takeOver", { id: one, body: { other } }))).toMatchObject({ number });
    });

    test("a row that others refer to stays", async () => {
      const old = await plate();
      await mark(old, "scratch");
      const refused = await running.call("plates.reissue", { id: old, body: {} });
      expect(refused).toMatchObject({ ok: false });
      expect(outcomeOf(await running.call("plates.get", { id: old }))).toBe("200");
    });

    test("a value that is not given up is refused as ever", async () => {
      await plate();
      expect(outcomeOf(await running.call("plates.create", { body: { number: `M-${numbers}` } }))).toBe("409 already_exists");
    });
  });
});
