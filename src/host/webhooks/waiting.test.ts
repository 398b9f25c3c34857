import { expect, test } from "bun:test";
import { type Delivery, newDelivery } from "./delivery.ts";
import { Waiting, waitingMax } from "./waiting.ts";

const delivery = (seq: number, subject: string | undefined, nowMs = 0): Delivery =>
  newDelivery("wh_1", { id: `${seq}-0`, type: "letters.moved", subject }, { position: { seq, index: 0 }, nowMs });

test("the earliest event that is due; those of one row one after another", () => {
  const waiting = new Waiting();
  const [a1, a2, b1, free] = [delivery(1, "a"), delivery(3, "a"), delivery(2, "b"), delivery(4, undefined)];
  for (const one of [free, b1, a1, a2]) waiting.add(one);
  expect(waiting.due(0)).toBe(a1);
  waiting.began(a1);
  expect(waiting.stateOf("a")).toBe("underWay");
  expect(waiting.due(0)).toBe(b1);
  waiting.began(b1);
  expect(waiting.due(0)).toBe(free);
  waiting.ended(a1);
  a1.nextMs = 1_000;
  waiting.changed(a1);
  expect(waiting.stateOf("a")).toBe("waiting");
  waiting.remove(free, 0);
  waiting.remove(b1, 0);
  expect(waiting.due(999)).toBeUndefined();
  expect(waiting.due(1_000)).toBe(a1);
  // Its next is due as soon as it is gone.
  a2.nextMs = Number.POSITIVE_INFINITY;
  expect(waiting.remove(a1, 1_500)).toBe(a2);
  expect(waiting.due(1_500)).toBe(a2);
});

test("an earlier event of a row comes to the front, but not before what is under way", () => {
  const waiting = new Waiting();
  const [second, first, third] = [delivery(2, "a"), delivery(1, "a"), delivery(3, "a")];
  third.nextMs = Number.POSITIVE_INFINITY;
  for (const one of [third, second]) waiting.add(one);
  waiting.began(second);
  waiting.add(first);
  expect(waiting.ofRow("a")).toEqual([second, first, third]);
  expect(waiting.remove(second, 0)).toBe(first);
});

test("what is first of its row always has a moment", () => {
  const waiting = new Waiting();
  const lone = delivery(1, "a");
  lone.nextMs = Number.POSITIVE_INFINITY;
  waiting.add(lone);
  expect(waiting.due(0)).toBe(lone);
});

test("once its receiver lives, all that are first are due, with all their attempts where that is wanted", () => {
  const waiting = new Waiting();
  const all = Array.from({ length: 5 }, (_, at) => delivery(at, `row ${at}`, 1_000_000));
  for (const one of all) {
    one.attempts = 4;
    waiting.add(one);
  }
  expect(waiting.due(10)).toBeUndefined();
  waiting.hurry(10, { isAnew: true });
  expect(waiting.due(10)).toBe(all[0]);
  expect(all.map(({ before, firstMs, nextMs }) => [before, firstMs, nextMs])).toEqual(all.map(() => [4, 10, 10]));
});

test("it says when it is full", () => {
  const waiting = new Waiting();
  for (let at = 0; at < waitingMax; at++) {
    expect(waiting.isFull).toBe(false);
    waiting.add(delivery(at, undefined));
  }
  expect(waiting.isFull).toBe(true);
});
