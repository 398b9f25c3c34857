/** Events of commands: those of their own resource, and those of another that they change. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { resource, service, t } from "../../../src/index.ts";
import { forEachEngine, idOf, outcomeOf, type Running, serve } from "../harness.ts";

const doors = resource(
  "doors",
  { doc: "Doors.", fields: { id: t.id("dor"), open: t.boolean({ default: false }) } },
  ({ all }) => ({
    rows: { clerk: all },
    access: { create: ["clerk"] },
    events: { opened: { doc: "A door was opened.", data: { door: t.ref("doors") } } },
  }),
);

const guards = resource("guards", { doc: "Guards.", fields: { id: t.id("grd"), name: t.string() } }, ({ all, command }) => ({
  rows: { clerk: all },
  access: { create: ["clerk"] },
  events: { walked: { doc: "A guard walked.", data: { guard: t.ref("guards") } } },
  functions: {
    walk: command({
      on: "item",
      doc: "Walks, and opens a door.",
      roles: ["clerk"],
      input: { door: t.ref("doors"), event: t.string({ default: "opened" }) },
      run: async (ctx, { row, input }) => {
        const door = await ctx.table(doors).get(input.door);
        if (door !== undefined) ctx.table(doors).update(door.id, { open: true });
        ctx.emit("walked", { guard: row.id });
        ctx.emit(input.event, { door: input.door }, doors);
        return row;
      },
    }),
  },
}));

const castle = service("castle", { doc: "A castle.", version: "v1", roles: { clerk: "Staff." }, resources: [doors, guards] });

forEachEngine((engine) => {
  describe("events", () => {
    let running: Running;
    beforeAll(async () => (running = await serve(await engine.create(), { services: [castle] })));
    afterAll(() => running[Symbol.asyncDispose]());

    test("of another resource bear its name; what it does not declare is none", async () => {
      const door = idOf(await running.call("doors.create", { body: {} }));
      const id = idOf(await running.call("guards.create", { body: { name: "Ann" } }));
      const after = await running.lastSeq();
      expect(outcomeOf(await running.call("guards.walk", { id, body: { door } }))).toBe("200");
      const [entry] = await running.journal({ after });
      expect(entry?.["events"]).toEqual([
        { type: "guards.walked", data: { guard: id } },
        { type: "doors.opened", data: { door } },
      ]);
      const undeclared = running.call("guards.walk", { id, body: { door, event: "walked" } });
      expect(await undeclared.then(outcomeOf, () => "thrown")).toBe("thrown");
      expect(await running.journal({ after: after + 1 })).toEqual([]);
    });
  });
});
