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
      file: command({
        on: "item",
        doc: "Files a claim; somebody looks at it.",
        roles: ["clerk"],
        accepted: "The claim waits to be looked at.",
        run: (ctx, { row }) => ctx.accepted(row),
      }),
      wait: command({
        on: "item",
        doc: "Waits, and does not say so.",
        roles: ["clerk"],
        run: (ctx, { row }) => ctx.accepted(ctx.table(self).update(row.id, { refused: true })),
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

    test("what waits answers 202, again under the same key", async () => {
      const id = String(dataOf(await running.call("claims.create", { body: {} }))["id"]);
      const first = await running.call("claims.file", { id, body: {}, idempotencyKey: "filed-once" });
      expect(first).toMatchObject({ ok: true, status: 202, data: { id, refused: false } });
      const again = await running.call("claims.file", { id, body: {}, idempotencyKey: "filed-once" });
      expect(again).toMatchObject({ ok: true, status: 202, data: { id }, replayed: true });
    });

    test("a command that does not say what it waits for changes nothing", async () => {
      const id = String(dataOf(await running.call("claims.create", { body: {} }))["id"]);
      const answered = await running.call("claims.wait", { id, body: {} }).then(outcomeOf, () => "thrown");
      expect(answered).toBe("thrown");
      expect(dataOf(await running.call("claims.get", { id }))).toMatchObject({ refused: false });
    });
  });
});
