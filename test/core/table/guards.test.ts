/** Guards: which changes they stand before, and what they themselves may change. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { resource, service, t } from "../../../src/index.ts";
import { dataOf, forEachEngine, idOf, outcomeOf, type Running, serve } from "../harness.ts";

const fields = {
  id: t.id("bok"),
  title: t.string(),
  copies: t.integer({ default: 1 }),
  checks: t.integer({ default: 0, write: "never" }),
} as const;
const refusals = { none_left: { status: 409, doc: "One copy stays." } };

const books = resource("books", { doc: "Books.", fields }, ({ all, guard, self }) => ({
  rows: { clerk: all },
  access: { create: ["clerk"], update: ["clerk"], delete: ["clerk"] },
  refusals,
  guard: {
    update: guard((ctx, { row, changes }) => {
      if (changes.copies === 0) return ctx.refuse("none_left");
      ctx.table(self).update(row.id, { checks: row.checks + 1 });
      return undefined;
    }),
    delete: guard((ctx, { row }) => {
      ctx.table(self).delete(row.id);
      return undefined;
    }),
  },
}));

const maps = resource("maps", { doc: "Maps.", fields: { ...fields, id: t.id("map") } }, ({ all, guard }) => ({
  rows: { clerk: all },
  access: { create: ["clerk"], update: ["clerk"] },
  refusals,
  guard: {
    update: guard((ctx) => ctx.refuse("none_left")),
    replace: guard(() => undefined),
  },
}));

const library = service("library", {
  doc: "A library.",
  version: "v1",
  roles: { clerk: "Staff." },
  resources: [books, maps],
});

forEachEngine((engine) => {
  describe("guards", () => {
    let running: Running;
    beforeAll(async () => (running = await serve(await engine.create(), { services: [library] })));
    afterAll(() => running[Symbol.asyncDispose]());

    const made = async (resourceName: string) =>
      idOf(await running.call(`${resourceName}.create`, { body: { title: "A", copies: 3 } }));

    test("the guard of update stands before a replace too, unless that has its own", async () => {
      const book = await made("books");
      expect(outcomeOf(await running.call("books.update", { id: book, body: { copies: 0 } }))).toBe("409 none_left");
      expect(outcomeOf(await running.call("books.replace", { id: book, body: { title: "A", copies: 0 } }))).toBe("409 none_left");
      expect(dataOf(await running.call("books.get", { id: book }))).toMatchObject({ copies: 3 });
      const map = await made("maps");
      expect(outcomeOf(await running.call("maps.update", { id: map, body: { copies: 0 } }))).toBe("409 none_left");
      expect(outcomeOf(await running.call("maps.replace", { id: map, body: { title: "A", copies: 0 } }))).toBe("200");
    });

    test("what a guard does to the row stays, beside the change it lets pass", async () => {
      const book = await made("books");
      expect(dataOf(await running.call("books.update", { id: book, body: { title: "B" } }))).toMatchObject({
        title: "B",
        copies: 3,
        checks: 1,
      });
      expect(dataOf(await running.call("books.replace", { id: book, body: { title: "C" } }))).toMatchObject({
        title: "C",
        copies: 1,
        checks: 2,
      });
      expect(dataOf(await running.call("books.get", { id: book }))).toMatchObject({ title: "C", checks: 2 });
    });

    test("a row that its guard of delete deletes is deleted", async () => {
      const book = await made("books");
      expect(outcomeOf(await running.call("books.delete", { id: book }))).toBe("204");
      expect(outcomeOf(await running.call("books.get", { id: book }))).toBe("404 not_found");
    });
  });
});
