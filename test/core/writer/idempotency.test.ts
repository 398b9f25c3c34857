/** An Idempotency-Key has one effect and one answer, for its caller, for 24 hours. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import definition from "../depot/index.ts";
import { dataOf, forEachEngine, idOf, outcomeOf, refusalOf, type Running, serve } from "../harness.ts";

const hourMs = 3_600_000;

forEachEngine((engine) => {
  describe("idempotency", () => {
    let depot: Running;
    let owner: string;
    let shiftMs = 0;

    const countOf = async (code: string): Promise<unknown> =>
      dataOf(
        await depot.call("boxes.count", { query: { filters: [{ path: "code", op: "startsWith", values: [code], as: "code" }] } }),
      );

    beforeAll(async () => {
      depot = await serve(await engine.create(), { services: [definition], clock: () => Date.now() + shiftMs, tolerant: true });
      owner = idOf(await depot.call("owners.create", { body: { name: "Ann" } }));
    });
    afterAll(() => depot[Symbol.asyncDispose]());

    test("the same key and body replays the same answer, byte for byte", async () => {
      const body = {
        owner,
        code: "replay",
        value: "9007199254740993",
        weight: "1.50",
        meta: { z: 1, a: [null, 1e21, "ü\n", { "": false }], "10": 1, "9": 2 },
        size: { height: 2, width: 1 },
      };
      const first = await depot.call("boxes.create", { idempotencyKey: "k1", body });
      const seq = await depot.lastSeq();
      const second = await depot.call("boxes.create", { idempotencyKey: "k1", body });
      expect(outcomeOf(first)).toBe("201");
      expect(second).toMatchObject({ ok: true, status: 201, id: idOf(first), replayed: true });
      expect(first).not.toHaveProperty("replayed");
      expect(JSON.stringify(dataOf(second))).toBe(JSON.stringify(dataOf(first)));
      expect(await countOf("replay")).toBe(1);
      expect(await depot.lastSeq()).toBe(seq);
    });

    test("in the same commit too", async () => {
      const body = { owner, code: "same-commit" };
      const commits = depot.app.writer.counts.commits;
      const results = await Promise.all([1, 2, 3].map(() => depot.call("boxes.create", { idempotencyKey: "k2", body })));
      expect(depot.app.writer.counts.commits - commits).toBe(1);
      expect(results.map((result) => result.replayed)).toEqual([undefined, true, true]);
      expect(new Set(results.map((result) => JSON.stringify(dataOf(result)))).size).toBe(1);
      expect(await countOf("same-commit")).toBe(1);
    });

    test("SECURITY 32: another body, id or operation under a key is refused, in the same commit and later", async () => {
      const body = { owner, code: "other-body" };
      const now = await Promise.all([
        depot.call("boxes.create", { idempotencyKey: "k3", body }),
        depot.call("boxes.create", { idempotencyKey: "k3", body: { ...body, value: 1 } }),
        depot.call("idle", { idempotencyKey: "k3" }),
      ]);
      expect(now.map(outcomeOf)).toEqual(["201", "422 idempotency_key_reused", "422 idempotency_key_reused"]);
      const later = await Promise.all([
        depot.call("boxes.create", { idempotencyKey: "k3", body: { ...body, value: 1 } }),
        depot.call("boxes.update", { idempotencyKey: "k3", id: idOf(now[0]), body }),
        depot.call("boxes.create", { idempotencyKey: "k3", version: "v1", body: { owner, sku: "other-body", value: "0" } }),
      ]);
      expect(later.map(outcomeOf)).toEqual(Array(3).fill("422 idempotency_key_reused"));
      // Refused, the first answer stands.
      expect(await depot.call("boxes.create", { idempotencyKey: "k3", body })).toMatchObject({ ok: true, replayed: true });
    });

    test("refusals are replayed with all they say, also when the reason is gone", async () => {
      const id = idOf(await depot.call("boxes.create", { body: { owner, code: "refused", value: 5 } }));
      const into = idOf(await depot.call("boxes.create", { body: { owner, code: "refused-into" } }));
      const pour = () => depot.call("boxes.pour", { idempotencyKey: "k4", id, body: { into, value: 10 } });
      const first = await pour();
      expect(refusalOf(first)).toMatchObject({ status: 422, type: "too_little", details: { available: 5 } });
      await depot.call("boxes.update", { id, body: { value: 50 } });
      const second = await pour();
      expect(second).toEqual({ ...first, replayed: true });
      expect(dataOf(await depot.call("boxes.get", { id }))["value"]).toBe(50);
      expect(outcomeOf(await depot.call("boxes.pour", { idempotencyKey: "k4b", id, body: { into, value: 10 } }))).toBe("200");
    });

    test("an answer without data is replayed without data; a failure of ours is not kept", async () => {
      const id = idOf(await depot.call("boxes.create", { body: { owner, code: "gone" } }));
      const first = await depot.call("boxes.delete", { idempotencyKey: "k5", id });
      const second = await depot.call("boxes.delete", { idempotencyKey: "k5", id });
      expect([first, second].map((result) => [outcomeOf(result), result.ok && result.data, result.replayed])).toEqual([
        ["204", undefined, undefined],
        ["204", undefined, true],
      ]);
      const box = idOf(await depot.call("boxes.create", { body: { owner, code: "ours" } }));
      const broken = () => depot.call("boxes.break", { idempotencyKey: "k6", id: box, body: { how: "throw" } });
      expect([await broken(), await broken()].map((result) => [outcomeOf(result), result.replayed])).toEqual([
        ["500 internal", undefined],
        ["500 internal", undefined],
      ]);
    });

    test("SECURITY 29: a key is its caller's: other apps, users, subjects and tenants have their own", async () => {
      const callers = [
        depot.caller("clerk", { app: "a", user: "b/c" }),
        depot.caller("clerk", { app: "a/b", user: "c" }),
        depot.caller("clerk", { app: "a", user: "b", subject: "c" }),
        depot.caller("clerk", { app: null, user: "b/c" }),
        depot.caller("clerk", { app: "a b", user: "c" }),
      ];
      const results = await Promise.all(
        callers.map((as, at) => depot.call("restock", { as, idempotencyKey: "mine", body: { names: [`n${at}`] } })),
      );
      expect(results.map(outcomeOf)).toEqual(callers.map(() => "200"));
      expect(results.every((result) => result.replayed === undefined)).toBe(true);
      const again = await Promise.all(
        callers.map((as, at) => depot.call("restock", { as, idempotencyKey: "mine", body: { names: [`n${at}`] } })),
      );
      expect(again.map((result) => result.replayed)).toEqual(callers.map(() => true));
    });

    test("keys with spaces are told apart within one commit", async () => {
      const as = (user: string) => depot.caller("clerk", { app: null, user });
      const calls = [
        ["x", "y z"],
        ["x y", "z"],
      ] as const;
      const round = () =>
        Promise.all(
          calls.map(([user, key]) => depot.call("restock", { as: as(user), idempotencyKey: key, body: { names: [user] } })),
        );
      expect((await round()).map((result) => result.replayed)).toEqual([undefined, undefined]);
      expect((await round()).map((result) => result.replayed)).toEqual([true, true]);
    });

    test("after 24 hours a key is new again", async () => {
      const call = () => depot.call("restock", { idempotencyKey: "k7", body: { names: ["daily"] } });
      await call();
      shiftMs = 24 * hourMs - 60_000;
      expect((await call()).replayed).toBe(true);
      shiftMs = 24 * hourMs + 60_000;
      const fresh = await call();
      expect([outcomeOf(fresh), fresh.replayed]).toEqual(["200", undefined]);
      // Kept from now on.
      expect((await call()).replayed).toBe(true);
      expect(outcomeOf(await depot.call("restock", { idempotencyKey: "k7", body: { names: ["another"] } }))).toBe(
        "422 idempotency_key_reused",
      );
      const named = await depot.call("owners.count", {
        query: { filters: [{ path: "name", op: "eq", values: ["daily"], as: "name" }] },
      });
      expect(dataOf(named)).toBe(2 as never);
      shiftMs = 0;
    });

    test("SECURITY 32: 100 calls at once with one key have one effect", async () => {
      const seq = await depot.lastSeq();
      const results = await Promise.all(
        Array.from({ length: 100 }, () => depot.call("boxes.create", { idempotencyKey: "k8", body: { owner, code: "hundred" } })),
      );
      expect(results.filter((result) => result.replayed === true)).toHaveLength(99);
      expect(new Set(results.map((result) => JSON.stringify(dataOf(result)))).size).toBe(1);
      expect(await countOf("hundred")).toBe(1);
      expect(await depot.lastSeq()).toBe(seq + 1);
    });
  });
});
