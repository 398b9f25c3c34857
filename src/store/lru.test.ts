import { expect, test } from "bun:test";
import { Lru } from "./lru.ts";

test("never more than its bound; what was not used for longest goes, and is said to go", () => {
  const gone: number[] = [];
  const lru = new Lru<number>(4, (value) => gone.push(value));
  for (let i = 0; i < 4; i += 1) lru.set(`k${i}`, i);
  lru.touch("k0", 0);
  lru.set("k4", 4);
  lru.set("k5", 5);
  expect(gone).toEqual([1, 2]);
  expect([lru.size, lru.get("k0"), lru.get("k1")]).toEqual([4, 0, undefined]);
  lru.clear();
  expect(gone.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5]);
});
