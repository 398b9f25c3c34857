/** Bodies by type, for every operation, with one thing wrong: alone, in lists, in mixed batches, as patches. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type fc from "fast-check";
import { testDatabases } from "../postgres/index.ts";
import { checkBooks } from "./books.ts";
import { type Harvest, harvest } from "./harvest.ts";
import { call, jsonPatch, list, mergePatch, mixed } from "./input.ts";
import { askAndJudge } from "./judge.ts";
import { holds, testMsMax } from "./runs.ts";
import { type Asking, startTarget, type Target } from "./target.ts";

const memoryMax = 400 * 1024 * 1024;

const properties: readonly {
  readonly name: string;
  readonly runs: number;
  readonly inputs: (known: Harvest) => fc.Arbitrary<Asking>;
}[] = [
  { name: "single calls", runs: 500, inputs: call },
  { name: "lists", runs: 200, inputs: list },
  { name: "mixed batches", runs: 200, inputs: mixed },
  { name: "JSON Patch", runs: 200, inputs: jsonPatch },
  { name: "merge patches and properties", runs: 200, inputs: mergePatch },
];

for (const { engine, create } of testDatabases()) {
  describe(engine, () => {
    let target: Target;
    beforeAll(async () => {
      target = await startTarget(await create());
    }, testMsMax);
    afterAll(async () => target[Symbol.asyncDispose]());

    for (const { name, runs, inputs } of properties) {
      test(
        name,
        async () => {
          // What one test deleted is there again for the next.
          await holds(inputs(await harvest(target)), { runs }, async (asking) => {
            await askAndJudge(target, asking);
            expect(target.faults()).toEqual([]);
          });
        },
        testMsMax,
      );
    }

    test("nothing was logged as a fault, the server lives, its memory is bounded, and the books are right", async () => {
      expect(target.faults()).toEqual([]);
      expect(target.isAlive()).toBe(true);
      expect(await target.memory()).toBeLessThan(memoryMax);
      await checkBooks(target);
    });
  });
}
