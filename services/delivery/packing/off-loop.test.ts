import { afterAll, expect, test } from "bun:test";
import { packingPool } from "./off-loop.ts";
import { pack } from "./pack.ts";
import { goods } from "./test-goods.ts";
import { PackingRefused, type PackRequest } from "./packing.ts";

const quick: PackRequest = { items: goods(3, 9, 2), mode: { kind: "box" }, effort: 60 };
/** Minutes of work: only ever cancelled. */
const long: PackRequest = {
  items: goods(7, 60, 3),
  mode: { kind: "container", length: 1500, width: 1400, height: 1300 },
  effort: 100_000,
};
const pool = packingPool({ threads: 1, waiting: 2 });
afterAll(() => pool.close());

const codeOf = async (packing: Promise<unknown>): Promise<string> => {
  try {
    await packing;
    return "packed";
  } catch (error) {
    if (error instanceof PackingRefused) return error.code;
    throw error;
  }
};

test("another thread gives the answer that this one would", async () => {
  expect(await pool.pack(quick)).toEqual(pack(quick));
});

test("the event loop goes on while a thread packs; a cancelled request frees its thread and its place", async () => {
  const running = new AbortController();
  const waiting = new AbortController();
  const first = codeOf(pool.pack(long, { signal: running.signal }));
  const second = codeOf(pool.pack(long, { signal: waiting.signal }));
  const third = pool.pack(quick);
  expect(await codeOf(pool.pack(quick))).toBe("busy");
  let turns = 0;
  for (; turns < 5; turns++) await Bun.sleep(1);
  expect(turns).toBe(5);
  waiting.abort();
  expect(await second).toBe("cancelled");
  running.abort();
  expect(await first).toBe("cancelled");
  expect(await third).toEqual(pack(quick));
  expect(await codeOf(pool.pack(long, { signal: AbortSignal.abort() }))).toBe("cancelled");
});

test("a refusal comes back as what it is", async () => {
  const items = goods(1, 3).map((item) => ({ ...item, length: -1 }));
  expect(await codeOf(pool.pack({ items, mode: { kind: "box" } }))).toBe("invalid_item");
  const few = goods(1, 1).map((item) => ({ ...item, length: -1 }));
  expect(await codeOf(pool.pack({ items: few, mode: { kind: "box" } }))).toBe("invalid_item");
});

test("a closed pool refuses, and lets go of what it runs", async () => {
  const other = packingPool({ threads: 1 });
  const running = codeOf(other.pack(long));
  other.close();
  expect(await running).toBe("cancelled");
  expect(await codeOf(other.pack(quick))).toBe("cancelled");
});
