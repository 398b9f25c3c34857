/** What functions answer is what it is: a row with a field called `refused` is a row. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { resource, service, t } from "../../../src/index.ts";
import { dataOf, forEachEngine, outcomeOf, type Running, serve } from "../harness.ts";

const claims = resource(
  "claims",
  {
    doc: "Claims.",
    fields: { id: t.id("clm"), refused: t.boolean({ default: false }), answered: t.boolean({ default: false }) },
  },
  ({ all, command, query, self }) => ({
    rows: { clerk: all },
    access: { create: ["clerk"] },
    refusals: {},
    functions: {
      close: command({
        on: "item",
        doc: "Closes a claim.",
        roles: ["clerk"],
        run: (ctx, { row }) => ctx.table(self).update(row.id, { refused: true, answered: true }),
      }),
      look: query({
        on: "item",
        doc: "Says how it stands.",
        roles: ["clerk"],
        output: { refused: t.boolean(), answered: t.boolean() },
        run: () => ({ refused: true, answered: true }),
      }),
    },
  }),
);

const office = service("office", { doc: "An office.", version: "v1", roles: { clerk: "Staff." }, resources: [claims] });

forEachEngine((engine) => {
  describe("answers", () => {
    let running: Running;
    beforeAll(async () => (running = await serve(await engine.create(), { services: [office] })));
    afterAll(() => running[Symbol.asyncDispose]());

    test("rows and answers may have fields called refused and answered", async () => {
      const id = String(dataOf(await running.call("claims.create", { body: {} }))["id"]);
      const closed = await running.call("claims.close", { id, body: {} });
      expect(outcomeOf(closed)).toBe("200");
      expect(dataOf(closed)).toEqual({ id, refused: true, answered: true });
      expect(dataOf(await running.call("claims.look", { id, body: {} }))).toEqual({ refused: true, answered: true });
      expect(dataOf(await running.call("claims.get", { id }))).toEqual({ id, refused: true, answered: true });
    });
  });
});
