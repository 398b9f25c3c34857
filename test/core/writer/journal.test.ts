/** The journal: one row per command that changed something, without gaps, with what it changed and the events it emitted. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { realmOf } from "../../../src/store/index.ts";
import definition from "../depot/index.ts";
import { dataOf, forEachEngine, idOf, outcomeOf, type Running, serve } from "../harness.ts";

forEachEngine((engine) => {
  describe("journal", () => {
    const atMs = Date.parse("2026-03-01T12:00:00.123Z");
    let depot: Running;

    beforeAll(async () => {
      depot = await serve(await engine.create(), { services: [definition], clock: () => atMs });
    });
    afterAll(() => depot[Symbol.asyncDispose]());

    test("says who did what, when, with what before and after", async () => {
      const created = await depot.call("owners.create", {
        requestId: "req-1",
        as: depot.caller("clerk", { app: "desk", user: "u1", subject: "s1" }),
        body: { name: "Ann" },
      });
      const owner = idOf(created);
      const box = idOf(
        await depot.call("boxes.create", {
          body: { owner, code: "J1", value: "9007199254740993", size: { width: 1, height: 2 } },
        }),
      );
      await depot.call("boxes.update", { id: box, body: { value: 5, size: { height: 3 } } });
      await depot.call("boxes.seal", { id: box, body: {} });
      const spare = idOf(await depot.call("boxes.create", { body: { owner, code: "J2" } }));
      await depot.call("boxes.delete", { id: spare });
      const at = new Date(atMs).toISOString();
      const rows = await depot.journal();
      expect(rows.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6]);
      expect(rows[0]).toEqual({
        seq: 1,
        at,
        operation: "depot.owners.create",
        channel: "test",
        requestId: "req-1",
        address: null,
        app: "desk",
        user: "u1",
        subject: "s1",
        status: 201,
        changes: [
          {
            table: "depot_owners",
            key: owner,
            after: {
              id: owner,
              name: "Ann",
              email: null,
              country: "DE",
              agent: null,
              credit: 0,
              pin: null,
              phone: null,
              joinedOn: null,
              boss: null,
              version: 1,
              createdAt: at,
              updatedAt: at,
            },
          },
        ],
        events: null,
        actor: null,
        hash: expect.stringMatching(/^[0-9a-f]{64}$/),
      });
      expect(rows[1]).toMatchObject({
        changes: [{ table: "depot_boxes", key: box, after: { code: "J1", value: "9007199254740993", number: 1 } }],
      });
      expect(rows[2]?.["changes"]).toEqual([
        {
          table: "depot_boxes",
          key: box,
          before: { value: "9007199254740993", size: { width: 1, height: 2, note: null }, version: 1 },
          after: { value: 5, size: { width: 1, height: 3, note: null }, version: 2 },
        },
      ]);
      expect(rows[3]).toMatchObject({
        status: 200,
        changes: [{ key: box, before: { state: "open", version: 2 }, after: { state: "sealed", version: 3 } }],
        events: [{ type: "boxes.sealed", data: { box, value: 5 } }],
      });
      expect(rows[5]).toMatchObject({
        operation: "depot.boxes.delete",
        status: 204,
        changes: [{ key: spare, before: { code: "J2", version: 1 } }],
      });
      const [removed] = (rows[5]?.["changes"] ?? []) as object[];
      expect(removed).toBeDefined();
      expect(removed).not.toHaveProperty("after");
    });

    test("a command that changes several rows has one row of the journal; one that changes nothing has none", async () => {
      const owner = idOf(await depot.call("owners.create", { body: { name: "Bea" } }));
      const [a, b] = [
        idOf(await depot.call("boxes.create", { body: { owner, code: "J3", value: 9 } })),
        idOf(await depot.call("boxes.create", { body: { owner, code: "J4" } })),
      ];
      const seq = await depot.lastSeq();
      await depot.call("boxes.pour", { id: a, body: { into: b, value: 4 } });
      await depot.call("idle");
      await depot.call("boxes.raiseAll", { body: { owner: "own_00000000000000000000000000", by: 1 } });
      const rows = await depot.journal({ after: seq });
      expect(rows).toHaveLength(1);
      expect(rows[0]?.["changes"]).toMatchObject([
        { table: "depot_boxes", key: a, before: { value: 9 }, after: { value: 5 } },
        { table: "depot_boxes", key: b, before: { value: 0 }, after: { value: 4 } },
        // An append-only row tells for good what it said: it is named, not repeated.
        { table: "depot_moves", key: expect.any(String) },
      ]);
    });

    test("events stand with their command, under the resource or the service, also among neighbours in one commit", async () => {
      const owner = idOf(await depot.call("owners.create", { body: { name: "Cleo" } }));
      const boxes = await Promise.all(
        [1, 2, 3].map(async (at) => idOf(await depot.call("boxes.create", { body: { owner, code: `JE${at}`, value: at } }))),
      );
      const seq = await depot.lastSeq();
      await Promise.all([
        depot.call("boxes.update", { id: boxes[0] as string, body: { value: 7 } }),
        depot.call("boxes.seal", { id: boxes[0] as string, body: {} }),
        depot.call("boxes.seal", { id: boxes[0] as string, body: {} }),
        depot.call("restock", { body: { names: [] } }),
        depot.call("boxes.update", { id: boxes[1] as string, body: { value: 8 } }),
        depot.call("boxes.seal", { id: boxes[2] as string, body: {} }),
      ]);
      const rows = await depot.journal({ after: seq });
      expect(rows.map(({ operation, events }) => [operation, events])).toEqual([
        ["depot.boxes.update", null],
        ["depot.boxes.seal", [{ type: "boxes.sealed", data: { box: boxes[0], value: 7 } }]],
        ["depot.restock", [{ type: "restocked", data: { names: [] } }]],
        ["depot.boxes.update", null],
        ["depot.boxes.seal", [{ type: "boxes.sealed", data: { box: boxes[2], value: 3 } }]],
      ] as never);
    });

    test("each realm counts for itself, and the state follows from the journal", async () => {
      const other = await realmOf(depot.store, "demo", "live");
      const as = depot.caller("clerk", { realm: other, environment: "live" });
      const before = await depot.lastSeq();
      const results = await Promise.all(
        Array.from({ length: 40 }, (_, at) =>
          depot.call("owners.create", at % 2 === 0 ? { as, body: { name: `L${at}` } } : { body: { name: `S${at}` } }),
        ),
      );
      expect(results.map(outcomeOf)).toEqual(results.map(() => "201"));
      expect((await depot.journal({ realm: other })).map(({ seq }) => seq)).toEqual(
        Array.from({ length: 20 }, (_, at) => at + 1),
      );
      expect(await depot.lastSeq()).toBe(before + 20);
      await Promise.all(
        results
          .slice(0, 20)
          .map((result, at) =>
            depot.call("owners.update", { ...(at % 2 === 0 ? { as } : {}), id: idOf(result), body: { credit: at } }),
          ),
      );
      const state = new Map<string, object>();
      for (const { changes } of await depot.journal({ realm: other })) {
        for (const { key, after } of changes as { key: string; after: object }[]) state.set(key, { ...state.get(key), ...after });
      }
      const rows = dataOf(
        await depot.call("owners.list", { as, query: { perPage: 100, fields: ["id", "name", "credit", "version"] } }),
      ) as unknown as { id: string }[];
      expect(rows).toHaveLength(20);
      for (const row of rows) expect(state.get(row.id)).toMatchObject(row);
    });
  });
});
