import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { CallQueue, type Work } from "./call-queue.ts";

const limits = { runningMax: 2, waitingMax: 3, waitingBytesMax: 1_000, isFull: () => false };

/** Work that says when it begins, and ends when it is told to. */
class Task implements Work {
  readonly bytes: number;
  readonly kind: Work["kind"];
  readonly #log: string[];
  readonly #name: string;
  readonly #end = Promise.withResolvers<void>();
  isBegun: () => void = () => undefined;

  constructor(log: string[], name: string, kind: Work["kind"] = "query", bytes = 1) {
    this.#log = log;
    this.#name = name;
    this.kind = kind;
    this.bytes = bytes;
  }

  readonly run = (isBegun: () => void): Promise<void> => {
    this.#log.push(this.#name);
    this.isBegun = isBegun;
    return this.#end.promise;
  };

  async end(): Promise<void> {
    this.#end.resolve();
    await Bun.sleep(0);
  }
}

describe("calls in line", () => {
  test("so many run, so many wait, and no more are taken", async () => {
    const log: string[] = [];
    const queue = new CallQueue(limits);
    const tasks = ["a", "b", "c", "d", "e", "f"].map((name) => new Task(log, name));
    expect(tasks.map((task) => queue.add(task))).toEqual([true, true, true, true, true, false]);
    expect(log).toEqual(["a", "b"]);
    await tasks[1]?.end();
    expect(log).toEqual(["a", "b", "c"]);
    for (const task of tasks) await task.end();
    expect([log.join(""), queue.isIdle]).toEqual(["abcde", true]);
  });

  test("what waits has so many bytes at most", () => {
    const queue = new CallQueue({ ...limits, runningMax: 1 });
    expect([600, 600, 600].map((bytes) => queue.add(new Task([], "x", "query", bytes)))).toEqual([true, true, false]);
  });

  test("a command begins once the one before it has reached the writer; reads go past neither", async () => {
    const log: string[] = [];
    const queue = new CallQueue({ ...limits, runningMax: 10, waitingMax: 10 });
    const [first, second, third] = ["1", "2", "3"].map((name) => new Task(log, name, "command"));
    const read = new Task(log, "read");
    for (const task of [first, second, read, third]) queue.add(task as Task);
    expect(log).toEqual(["1"]);
    first?.isBegun();
    expect(log).toEqual(["1", "2", "read"]);
    await second?.end();
    expect(log).toEqual(["1", "2", "read", "3"]);
  });

  test("nothing begins behind a barrier until it is done", async () => {
    const log: string[] = [];
    const queue = new CallQueue({ ...limits, runningMax: 10, waitingMax: 10 });
    const barrier = new Task(log, "barrier", "barrier");
    queue.add(new Task(log, "before"));
    queue.add(barrier);
    queue.add(new Task(log, "after"));
    barrier.isBegun();
    expect(log).toEqual(["before", "barrier"]);
    await barrier.end();
    expect(log).toEqual(["before", "barrier", "after"]);
  });

  test("nothing begins for whom nothing can be sent; it goes on when there is room", () => {
    const log: string[] = [];
    let isFull = true;
    const queue = new CallQueue({ ...limits, isFull: () => isFull });
    queue.add(new Task(log, "a"));
    expect(log).toEqual([]);
    isFull = false;
    queue.resume();
    expect(log).toEqual(["a"]);
  });

  test("what waits when the connection ends is forgotten", async () => {
    const log: string[] = [];
    const queue = new CallQueue({ ...limits, runningMax: 1 });
    const first = new Task(log, "a");
    queue.add(first);
    queue.add(new Task(log, "b"));
    queue.close();
    await first.end();
    expect([log, queue.add(new Task(log, "c"))]).toEqual([["a"], true]);
  });

  test("whatever comes and ends in whatever order: all begin in order, commands one behind the other, never too many at once", async () => {
    const kinds = fc.constantFrom<Work["kind"]>("query", "query", "command", "barrier");
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(kinds, fc.nat({ max: 3 }), fc.boolean()), { maxLength: 40 }), async (works) => {
        const begun: number[] = [];
        let [running, most, barriers, unbegun] = [0, 0, 0, 0];
        const queue = new CallQueue({ runningMax: 4, waitingMax: 100, waitingBytesMax: 1_000, isFull: () => false });
        const all = works.map(([kind, turns, isSync], position) =>
          queue.add({
            kind,
            bytes: 1,
            run: (isBegun) => {
              begun.push(position);
              expect([barriers, kind === "command" ? unbegun : 0]).toEqual([0, 0]);
              most = Math.max(most, ++running);
              if (kind === "barrier") barriers++;
              if (kind === "command") unbegun++;
              const reached = (): void => {
                if (kind === "command") unbegun--;
                isBegun();
              };
              const done = (): void => {
                running--;
                if (kind === "barrier") barriers--;
              };
              if (isSync) {
                reached();
                return done();
              }
              return (async () => {
                for (let turn = 0; turn < turns; turn++) await Promise.resolve();
                reached();
                for (let turn = 0; turn < turns; turn++) await Promise.resolve();
                done();
              })();
            },
          }),
        );
        for (let turn = 0; turn < 2_000 && !queue.isIdle; turn++) await Promise.resolve();
        expect([all.every((isTaken) => isTaken), queue.isIdle]).toEqual([true, true]);
        expect(begun).toEqual(works.map((_, position) => position));
        expect(most).toBeLessThanOrEqual(4);
      }),
      { numRuns: 300 },
    );
  });
});
