import { describe, expect, test } from "bun:test";
import { Batcher } from "./batcher.ts";

describe("batcher", () => {
  const gate = () => Promise.withResolvers<void>();

  test("calls of one turn go together, in order, each with its own result", async () => {
    const batches: number[][] = [];
    const batcher = new Batcher<number, string>(async (inputs) => {
      batches.push([...inputs]);
      return inputs.map((input) => `r${input}`);
    });
    expect(await Promise.all([1, 2, 3].map((input) => batcher.submit(input)))).toEqual(["r1", "r2", "r3"]);
    expect(batches).toEqual([[1, 2, 3]]);
  });

  test("while one batch is under way the next one fills, bounded by batchMax", async () => {
    const batches: number[][] = [];
    const first = gate();
    const batcher = new Batcher<number, number>(
      async (inputs) => {
        batches.push([...inputs]);
        if (batches.length === 1) await first.promise;
        return inputs;
      },
      { batchMax: 3 },
    );
    const early = batcher.submit(0);
    await Bun.sleep(1);
    const later = [1, 2, 3, 4, 5].map((input) => batcher.submit(input));
    await Bun.sleep(1);
    expect(batches).toEqual([[0]]);
    first.resolve();
    expect(await Promise.all([early, ...later])).toEqual([0, 1, 2, 3, 4, 5]);
    expect(batches).toEqual([[0], [1, 2, 3], [4, 5]]);
  });

  test("as many batches at once as allowed, and no more", async () => {
    const open = gate();
    let running = 0;
    let most = 0;
    const batcher = new Batcher<number, number>(
      async (inputs) => {
        most = Math.max(most, ++running);
        await open.promise;
        running--;
        return inputs;
      },
      { batchMax: 1, inFlightMax: 2 },
    );
    const all = Promise.all([1, 2, 3, 4].map((input) => batcher.submit(input)));
    await Bun.sleep(2);
    expect(running).toBe(2);
    open.resolve();
    expect(await all).toEqual([1, 2, 3, 4]);
    expect(most).toBe(2);
  });

  test("an error and a wrong number of results concern their batch only", async () => {
    let round = 0;
    const batcher = new Batcher<number, number>(async (inputs) => {
      round++;
      if (round === 1) throw new Error("first");
      return round === 2 ? [] : inputs;
    });
    const settle = (inputs: number[]) => Promise.allSettled(inputs.map((input) => batcher.submit(input)));
    expect((await settle([1, 2])).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    const [wrong] = await settle([3]);
    expect(String((wrong as PromiseRejectedResult).reason)).toContain("1 calls, but 0 results");
    expect(await batcher.submit(4)).toBe(4);
  });
});
