import { describe, expect, test } from "bun:test";
import { Queue } from "./queue.ts";

describe("a queue", () => {
  test("answers at once when nothing runs, and throws what the work throws", () => {
    const queue = new Queue(2);
    expect(queue.run(() => 5)).toBe(5);
    expect(() =>
      queue.run(() => {
        throw new Error("no");
      }),
    ).toThrow("no");
    expect(queue.running).toBe(false);
  });

  test("keeps the order, one at a time, also after a failure", async () => {
    const queue = new Queue(10);
    const log: string[] = [];
    const work =
      (name: string, fail = "") =>
      async () => {
        log.push(`${name}+`);
        await Bun.sleep(1);
        log.push(`${name}-`);
        if (fail !== "") throw new Error(fail);
        return name;
      };
    const results = await Promise.allSettled([queue.run(work("a")), queue.run(work("b", "broken")), queue.run(work("c"))]);
    expect(log).toEqual(["a+", "a-", "b+", "b-", "c+", "c-"]);
    expect(results.map((r) => r.status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    await queue.idle();
    expect(queue.run(() => "sync again")).toBe("sync again");
  });

  test("refuses what is too much, and a work inside a work", async () => {
    const queue = new Queue(1);
    const first = queue.run(() => Bun.sleep(5));
    const second = queue.run(() => 2);
    expect(() => queue.run(() => 3)).toThrow("waiting");
    await first;
    expect(await second).toBe(2);
    await queue.idle();
    expect(() => queue.run(() => queue.run(() => 1))).toThrow("inside a write");
  });
});
