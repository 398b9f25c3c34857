/** Commands of one commit do not touch each other: whatever one does, its neighbours get what they asked for. */
import { afterAll, beforeAll, describe, expect, mock, spyOn, test } from "bun:test";
import definition from "../depot/index.ts";
import { dataOf, forEachEngine, idOf, outcomeOf, refusalOf, rowsOf, type Running, serve } from "../harness.ts";

forEachEngine((engine) => {
  describe("isolation", () => {
    let depot: Running;
    let owner: string;
    let codes = 0;

    const box = async (more: object = {}): Promise<string> =>
      idOf(await depot.call("boxes.create", { body: { owner, code: `iso-${++codes}`, value: 100, ...more } }));
    const get = async (id: string) => dataOf(await depot.call("boxes.get", { id }));

    beforeAll(async () => {
      depot = await serve(await engine.create(), { services: [definition], tolerant: true });
      owner = idOf(await depot.call("owners.create", { body: { name: "Ann" } }));
    });
    afterAll(() => depot[Symbol.asyncDispose]());

    const cases: [string, string][] = [
      ["throw", "500 internal"],
      ["reject", "500 internal"],
      ["refuse", "422 broken"],
      ["undeclared", "500 internal"],
      ["undeclaredEvent", "500 internal"],
      ["nothing", "500 internal"],
      ["duplicate", "409 already_exists"],
      ["dangling", "422 invalid_reference"],
      ["unread", "500 internal"],
    ];
    test.each(cases)("one that breaks by %s vanishes, its neighbours commit", async (how, expected) => {
      const [first, second, third] = [await box(), await box(), await box()];
      const seq = await depot.lastSeq();
      const results = await Promise.all([
        depot.call("boxes.update", { id: first, body: { value: 1 } }),
        depot.call("boxes.update", { id: second, body: { value: 2 } }),
        depot.call("boxes.break", { id: second, body: { how } }),
        depot.call("boxes.update", { id: second, body: { weight: "2.5" } }),
        depot.call("boxes.update", { id: third, body: { value: 3 } }),
      ]);
      expect(results.map(outcomeOf)).toEqual(["200", "200", expected, "200", "200"]);
      expect(await get(first)).toMatchObject({ value: 1, version: 2 });
      expect(await get(second)).toMatchObject({ value: 2, weight: "2.5", version: 3 });
      expect(await get(third)).toMatchObject({ value: 3, version: 2 });
      const journal = await depot.journal({ after: seq });
      expect(journal.map(({ operation }) => operation)).toEqual(Array(4).fill("depot.boxes.update"));
      expect(journal.map(({ seq: at }) => at)).toEqual([1, 2, 3, 4].map((step) => seq + step));
      expect(journal.map(({ events }) => events)).toEqual([null, null, null, null]);
    });

    test("a refusal that keeps what was written keeps it, with its event and its place in the journal", async () => {
      const id = await box();
      const seq = await depot.lastSeq();
      expect(refusalOf(await depot.call("boxes.break", { id, body: { how: "keep" } }))).toMatchObject({
        status: 422,
        type: "broken",
        details: { value: 100 },
      });
      expect(await get(id)).toMatchObject({ value: 1_100, version: 2 });
      expect(await depot.journal({ after: seq })).toMatchObject([
        { operation: "depot.boxes.break", status: 422, events: [{ type: "boxes.sealed", data: { box: id, value: 100 } }] },
      ]);
    });

    test("several that spoil a commit are all found; the other 60 commit", async () => {
      const ids = await Promise.all(Array.from({ length: 64 }, () => box()));
      const poison = new Set([3, 17, 18, 63]);
      const results = await Promise.all(
        ids.map((id, at) =>
          poison.has(at)
            ? depot.call("boxes.break", { id, body: { how: at % 2 === 0 ? "dangling" : "duplicate" } })
            : depot.call("boxes.update", { id, body: { value: at } }),
        ),
      );
      for (const [at, result] of results.entries()) {
        expect(outcomeOf(result)).toBe(poison.has(at) ? (at % 2 === 0 ? "422 invalid_reference" : "409 already_exists") : "200");
      }
      for (const [at, id] of ids.entries()) expect((await get(id))["value"]).toBe(poison.has(at) ? 100 : at);
    });

    test("a command sees what it and its batch changed, and nothing of what was taken back", async () => {
      const mine = idOf(await depot.call("owners.create", { body: { name: "Surveyed" } }));
      const [a, b, c] = [
        await box({ owner: mine, value: 1 }),
        await box({ owner: mine, value: 1 }),
        await box({ owner: mine, value: 1 }),
      ];
      const [, broken, survey, , after] = await Promise.all([
        depot.call("boxes.update", { id: b, body: { value: 900 } }),
        depot.call("boxes.break", { id: c, body: { how: "refuse" } }),
        depot.call("boxes.survey", { id: a, body: { value: 500 } }),
        depot.call("boxes.create", { body: { owner: mine, code: "iso-zz", value: 700 } }),
        depot.call("boxes.survey", { id: a, body: { value: 600 } }),
      ]);
      const codeOf = async (id: string): Promise<string> => String((await get(id))["code"]);
      const [codeA, codeB] = [await codeOf(a), await codeOf(b)];
      expect(outcomeOf(broken)).toBe("422 broken");
      expect(dataOf(survey)).toEqual({ dear: 2, codes: [codeA, codeB].toSorted().toReversed(), own: 500 });
      expect(dataOf(after)).toEqual({ dear: 3, codes: [codeA, codeB, "iso-zz"].toSorted().toReversed(), own: 600 });
      // What was written for the reads was taken back: the rows are there once, as the commands left them.
      const rows = rowsOf(
        await depot.call("boxes.list", { query: { filters: [{ path: "owner", op: "eq", values: [mine], as: "owner" }] } }),
      );
      expect(new Set(rows.map(({ value, version }) => `${String(value)} at ${String(version)}`))).toEqual(
        new Set(["1 at 1", "600 at 3", "700 at 1", "900 at 2"]),
      );
    });

    test("rows found by a condition are changed with what the batch did to them before", async () => {
      const mine = idOf(await depot.call("owners.create", { body: { name: "Raised" } }));
      const ids = [await box({ owner: mine, value: 10 }), await box({ owner: mine, value: 20 })];
      const [, raised, again] = await Promise.all([
        depot.call("boxes.update", { id: ids[0] as string, body: { value: 1_000 } }),
        depot.call("boxes.raiseAll", { body: { owner: mine, by: 5 } }),
        depot.call("boxes.raiseAll", { body: { owner: mine, by: 7 } }),
      ]);
      expect([dataOf(raised), dataOf(again)]).toEqual([{ raised: 2 }, { raised: 2 }]);
      expect(await Promise.all(ids.map(async (id) => (await get(id))["value"]))).toEqual([1_012, 32]);
    });

    test("whoever is told of errors may be broken without stopping the writer", async () => {
      const broken = mock(() => {
        throw new Error("told of an error, and broken");
      });
      const silenced = spyOn(console, "error").mockImplementation(() => {});
      await using other = await serve(await engine.create(), { services: [definition], tolerant: true, onError: broken });
      const mine = idOf(await other.call("owners.create", { body: { name: "Ann" } }));
      const id = idOf(await other.call("boxes.create", { body: { owner: mine, code: "told" } }));
      const results = await Promise.all([
        other.call("boxes.update", { id, body: { value: 1 } }),
        other.call("boxes.break", { id, body: { how: "throw" } }),
        other.call("boxes.update", { id, body: { value: 2 } }),
      ]);
      expect(results.map(outcomeOf)).toEqual(["200", "500 internal", "200"]);
      expect(broken).toHaveBeenCalled();
      expect(outcomeOf(await other.call("idle"))).toBe("204");
      silenced.mockRestore();
    });

    test("a sequence has no gaps, whatever was refused in between", async () => {
      const results = await Promise.all(
        Array.from({ length: 60 }, (_, at) =>
          depot.call("boxes.create", {
            body: { owner, code: at % 3 === 1 ? `seq-${at - 1}` : at % 7 === 5 ? `iso-1` : `seq-${at}` },
          }),
        ),
      );
      expect(results.some((result) => !result.ok)).toBe(true);
      const numbers = results.flatMap((result) => (result.ok ? [(result.data as { number: number }).number] : []));
      expect(numbers).toEqual(numbers.map((_, at) => (numbers[0] ?? 0) + at));
      const next = dataOf(await depot.call("boxes.create", { body: { owner, code: "seq-next" } }))["number"];
      expect(next).toBe((numbers.at(-1) ?? 0) + 1);
    });
  });
});
