/** The writer takes what waits in one commit, in order of arrival, and refuses what it cannot take. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import definition from "../depot/index.ts";
import { counting, dataOf, forEachEngine, idOf, outcomeOf, refusalOf, type Running, serve } from "../harness.ts";

forEachEngine((engine) => {
  describe("writer", () => {
    const counts = { reads: 0, loads: 0, finds: 0, applies: 0, writes: 0 };
    let depot: Running;
    let owner: string;

    beforeAll(async () => {
      depot = await serve(await engine.create(), { services: [definition], around: counting(counts), queueMax: 500 });
      owner = idOf(await depot.call("owners.create", { body: { name: "Ann" } }));
    });
    afterAll(() => depot[Symbol.asyncDispose]());

    test("300 commands at once take a handful of commits and a constant number of statements", async () => {
      const before = { ...depot.app.writer.counts, ...counts };
      const results = await Promise.all(
        Array.from({ length: 300 }, (_, at) => depot.call("boxes.create", { body: { owner, code: `group-${at}` } })),
      );
      expect(results.map(outcomeOf)).toEqual(results.map(() => "201"));
      expect(depot.app.writer.counts.commands - before.commands).toBe(300);
      const commits = depot.app.writer.counts.commits - before.commits;
      expect(commits).toBeLessThanOrEqual(3);
      expect(counts.applies - before.applies).toBe(commits);
      // Per commit: the counters, the owners referred to, the codes that must be free; on Postgres the lease.
      expect(counts.loads - before.loads).toBeLessThanOrEqual((engine.engine === "postgres" ? 3 : 2) * commits);
      expect(counts.finds - before.finds).toBeLessThanOrEqual(2 * commits);
    });

    test("commands are evaluated in order of arrival: the last of many updates stays, each saw the one before", async () => {
      const id = idOf(await depot.call("boxes.create", { body: { owner, code: "ordered", value: 0 } }));
      const results = await Promise.all(
        Array.from({ length: 50 }, (_, at) => depot.call("boxes.update", { id, body: { value: at + 1 } })),
      );
      expect(results.map((result) => dataOf(result)["version"])).toEqual(Array.from({ length: 50 }, (_, at) => at + 2));
      expect(results.map((result) => dataOf(result)["value"])).toEqual(Array.from({ length: 50 }, (_, at) => at + 1));
      expect(dataOf(await depot.call("boxes.get", { id }))).toMatchObject({ value: 50, version: 51 });
      const rows = (await depot.journal()).filter(({ operation }) => operation === "depot.boxes.update").slice(-50);
      expect(rows.map(({ changes }) => (changes as { after: { value: number } }[])[0]?.after.value)).toEqual(
        Array.from({ length: 50 }, (_, at) => at + 1),
      );
    });

    test("create, change and delete of one row may meet in one commit", async () => {
      const chosen = "itm_01JD3Q8Z5T7N9V1X3B5D7F9H1K";
      const box = idOf(await depot.call("boxes.create", { body: { owner, code: "one-commit" } }));
      const commits = depot.app.writer.counts.commits;
      const results = await Promise.all([
        depot.call("items.create", { body: { id: chosen, box, name: "Lamp" } }),
        depot.call("items.create", { body: { id: chosen, box, name: "Other" } }),
        depot.call("items.update", { id: chosen, body: { quantity: 5 } }),
        depot.call("items.delete", { id: chosen }),
        depot.call("items.update", { id: chosen, body: { quantity: 6 } }),
        depot.call("items.create", { body: { id: chosen, box, name: "Lamp", quantity: 7 } }),
      ]);
      expect(results.map(outcomeOf)).toEqual(["201", "409 already_exists", "200", "204", "404 not_found", "201"]);
      expect(depot.app.writer.counts.commits - commits).toBe(1);
      expect(dataOf(await depot.call("items.get", { id: chosen }))).toMatchObject({ quantity: 7 });
    });

    test("SECURITY 58: a full queue refuses with 503 and says when to come back; what waits is done", async () => {
      const results = await Promise.all(Array.from({ length: 800 }, () => depot.call("idle")));
      const outcomes = new Map<string, number>();
      for (const result of results) outcomes.set(outcomeOf(result), (outcomes.get(outcomeOf(result)) ?? 0) + 1);
      expect(Object.fromEntries(outcomes)).toEqual({ "204": 500, "503 overloaded": 300 });
      expect(refusalOf(results.find((result) => !result.ok)).retryAfter).toBeGreaterThan(0);
      // The first 500 were taken, in order.
      expect(results.slice(0, 500).every((result) => result.ok)).toBe(true);
      expect(outcomeOf(await depot.call("idle"))).toBe("204");
    });

    test("what is too late or given up is not executed", async () => {
      const abort = new AbortController();
      const late = depot.call("boxes.create", { body: { owner, code: "late" }, deadline: Date.now() + 30 });
      const given = depot.call("boxes.create", { body: { owner, code: "given-up" }, signal: abort.signal });
      const kept = depot.call("boxes.create", { body: { owner, code: "in-time" }, deadline: Date.now() + 60_000 });
      abort.abort();
      // Nothing of this turn of the loop has run yet: the deadline passes while they wait.
      for (const until = Date.now() + 40; Date.now() < until;);
      expect(await Promise.all([late, given, kept]).then((results) => results.map(outcomeOf))).toEqual([
        "504 deadline_exceeded",
        "504 deadline_exceeded",
        "201",
      ]);
      const [expired, aborted] = await Promise.all([
        depot.call("boxes.create", { body: { owner, code: "late" }, deadline: Date.now() - 1 }),
        depot.call("boxes.create", { body: { owner, code: "given-up" }, signal: AbortSignal.abort() }),
      ]);
      expect([expired, aborted].map(outcomeOf)).toEqual(["504 deadline_exceeded", "504 deadline_exceeded"]);
      const codes = await depot.call("boxes.list", {
        query: { filters: [{ path: "code", op: "eq", values: ["late", "given-up"], as: "code" }] },
      });
      expect(dataOf(codes)).toEqual([] as never);
    });

    test("drained() waits for everything that was taken", async () => {
      await depot.app.writer.drained();
      const before = depot.app.writer.counts.commands;
      const calls = Array.from({ length: 20 }, () => depot.call("idle"));
      await depot.app.writer.drained();
      expect(depot.app.writer.counts.commands - before).toBe(20);
      await Promise.all(calls);
    });
  });
});
