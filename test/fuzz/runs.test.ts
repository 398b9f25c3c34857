/** A property that passes has been tried as often as it says. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { holds, isLong } from "./runs.ts";

const failureOf = (promise: Promise<void>): Promise<string> =>
  promise.then(
    () => "",
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );

describe("a property", () => {
  test("passes when every run was made", async () => {
    let tried = 0;
    await holds(fc.nat(), { runs: 25 }, async () => void tried++);
    expect(tried).toBeGreaterThanOrEqual(25);
    if (!isLong) expect(tried).toBe(25);
  });

  test("whose time runs out before that fails, and says how far it came", async () => {
    const slow = holds(fc.nat(), { runs: 5_000, withinMs: 60 }, async () => Bun.sleep(5));
    expect(await failureOf(slow)).toMatch(/^its time ran out: [1-9]\d? of \d+ runs in \d+ s$/);
  });

  test("whose first run takes all its time fails", async () => {
    const slow = holds(fc.nat(), { runs: 2, withinMs: 20 }, async () => Bun.sleep(200));
    expect(await failureOf(slow)).toMatch(/interrupted|ran out/);
  });

  test("that does not hold shows the smallest counterexample", async () => {
    const wrong = holds(fc.nat({ max: 1_000 }), { runs: 1_000 }, async (number) => expect(number).toBeLessThan(100));
    expect(await failureOf(wrong)).toContain("Counterexample: [100]");
  });
});
