/** What is kept of the newest events: whole rows, so many, of so many bytes. */
import { describe, expect, test } from "bun:test";
import type { StoredEvent } from "./event.ts";
import { Tail } from "./tail.ts";

/** Events of one row, each with a text of so many characters. */
const row = (seq: number, count: number, width: number): readonly StoredEvent[] =>
  Array.from({ length: count }, (_, index) => ({
    seq,
    index,
    at: "2026-01-01T00:00:00.000Z",
    service: "post",
    type: "alarms.rang",
    data: { text: "x".repeat(width) },
    requestId: "r",
  }));

const fill = (tail: Tail, rows: number, perRow: number, width: number): void => {
  for (let seq = 1; seq <= rows; seq++) tail.add(seq, row(seq, perRow, width));
};
const seqs = (tail: Tail): readonly number[] => tail.events.map(({ seq }) => seq);
const all = { seq: 0, index: Number.POSITIVE_INFINITY };

describe("SECURITY 54: a tail", () => {
  test("has so many events at most, and the newest", () => {
    const tail = new Tail({ eventsMax: 100, bytesMax: 1_000_000 });
    fill(tail, 1_000, 1, 10);
    expect(tail.events.length).toBeLessThanOrEqual(100);
    expect(tail.events.length).toBeGreaterThanOrEqual(50);
    expect(seqs(tail).at(-1)).toBe(1_000);
    expect(seqs(tail)[0]).toBe(tail.from + 1);
    expect(tail.through).toBe(1_000);
  });

  test("has so many bytes at most, however few events that are", () => {
    const tail = new Tail({ eventsMax: 4_096, bytesMax: 100_000 });
    for (let seq = 1; seq <= 500; seq++) {
      tail.add(seq, row(seq, 1, 20_000));
      expect(tail.bytes).toBeLessThanOrEqual(100_000);
      expect(tail.bytes).toBeGreaterThanOrEqual(20_000);
      const kept = tail.events.reduce((sum, { data }) => sum + (data["text"] as string).length, 0);
      expect(tail.bytes).toBeGreaterThanOrEqual(kept);
    }
    expect(seqs(tail).at(-1)).toBe(500);
  });

  test("lets whole rows go: who stands within one reads it from the database", () => {
    const tail = new Tail({ eventsMax: 10, bytesMax: 1_000_000 });
    fill(tail, 7, 3, 10);
    const [first] = tail.events;
    expect([first?.seq, first?.index]).toEqual([tail.from + 1, 0]);
    expect(tail.events.length % 3).toBe(0);
  });

  test("keeps nothing of a row that is more than all it may have, and goes on behind it", () => {
    const tail = new Tail({ eventsMax: 100, bytesMax: 50_000 });
    fill(tail, 3, 1, 1_000);
    tail.add(4, row(4, 10, 10_000));
    expect([tail.events, tail.bytes, tail.from, tail.through]).toEqual([[], 0, 4, 4]);
    tail.add(5, row(5, 1, 1_000));
    expect(tail.after({ seq: 4, index: 9 }).map(({ seq }) => seq)).toEqual([5]);
  });

  test("gives what comes after a position, within a row too", () => {
    const tail = new Tail();
    fill(tail, 4, 2, 10);
    expect(tail.after(all).length).toBe(8);
    expect(tail.after({ seq: 2, index: 0 }).map(({ seq, index }) => [seq, index])).toEqual([
      [2, 1],
      [3, 0],
      [3, 1],
      [4, 0],
      [4, 1],
    ]);
    expect(tail.after({ seq: 4, index: 1 })).toEqual([]);
  });
});
