/** Matching: each rule, what is not certain, and that neither order nor chance plays a part. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { match, type Matching, type MatchLine, type MatchTransfer, windowDays } from "./match.ts";

const line = (position: number, amount: bigint, more: Partial<MatchLine> = {}): MatchLine => ({
  position,
  amount,
  valueOn: "2026-11-10",
  reference: null,
  ids: [],
  ...more,
});
const transfer = (id: string, amount: bigint, more: Partial<MatchTransfer> = {}): MatchTransfer => ({
  id,
  amount,
  valueOn: "2026-11-10",
  reference: null,
  ...more,
});
const shown = ({ matched, ambiguous }: Matching) => ({
  matched: [...matched].map(([position, { transfer: id, rule }]) => `${position} ${id} ${rule}`).toSorted(),
  ambiguous: [...ambiguous].map(([position, ids]) => `${position} ${ids.join(" ")}`).toSorted(),
});

interface Case {
  readonly name: string;
  readonly lines: readonly MatchLine[];
  readonly transfers: readonly MatchTransfer[];
  readonly matched: readonly string[];
  readonly ambiguous?: readonly string[];
}

const cases: readonly Case[] = [
  { name: "nothing", lines: [], transfers: [], matched: [] },
  {
    name: "by id, whatever the date",
    lines: [line(1, 5n, { ids: ["x", "a"], valueOn: "2026-01-01" })],
    transfers: [transfer("a", 5n), transfer("b", 5n)],
    matched: ["1 a id"],
  },
  {
    name: "an id with another amount is no match",
    lines: [line(1, 5n, { ids: ["a"] })],
    transfers: [transfer("a", 6n)],
    matched: [],
  },
  {
    name: "two lines with one id: by id neither, by the rest",
    lines: [line(1, 5n, { ids: ["a"] }), line(2, 5n, { ids: ["a"] })],
    transfers: [transfer("a", 5n)],
    matched: [],
    ambiguous: ["1 a", "2 a"],
  },
  {
    name: "one line with two ids is not certain by id",
    lines: [line(1, 5n, { ids: ["a", "b"], reference: "R" })],
    transfers: [transfer("a", 5n), transfer("b", 5n, { reference: "r " })],
    matched: ["1 b reference"],
  },
  {
    name: "by amount and reference, whatever case and spaces",
    lines: [line(1, -5n, { reference: "Invoice  7", valueOn: "2026-11-25" })],
    transfers: [transfer("a", -5n, { reference: " invoice 7" }), transfer("b", 5n, { reference: "invoice 7" })],
    matched: ["1 a reference"],
  },
  {
    name: "by the day before the window",
    lines: [line(1, 5n), line(2, 5n, { valueOn: "2026-11-11" })],
    transfers: [transfer("b", 5n, { valueOn: "2026-11-11" }), transfer("a", 5n)],
    matched: ["1 a day", "2 b day"],
  },
  {
    name: "the window's last day",
    lines: [line(1, 5n)],
    transfers: [transfer("a", 5n, { valueOn: "2026-11-13" })],
    matched: ["1 a window"],
  },
  {
    name: "a day behind the window",
    lines: [line(1, 5n)],
    transfers: [transfer("a", 5n, { valueOn: "2026-11-14" })],
    matched: [],
  },
  {
    name: "twins are not told apart",
    lines: [line(1, 5n), line(2, 5n)],
    transfers: [transfer("a", 5n), transfer("b", 5n)],
    matched: [],
    ambiguous: ["1 a b", "2 a b"],
  },
  {
    name: "one transfer for two lines is nobody's",
    lines: [line(1, 5n, { valueOn: "2026-11-09" }), line(2, 5n, { valueOn: "2026-11-11" })],
    transfers: [transfer("a", 5n)],
    matched: [],
    ambiguous: ["1 a", "2 a"],
  },
  {
    name: "an equal reference far away is a candidate, no more, when there are two",
    lines: [line(1, 5n, { reference: "R", valueOn: "2026-11-01" }), line(2, 5n, { reference: "R", valueOn: "2026-11-02" })],
    transfers: [transfer("a", 5n, { reference: "R", valueOn: "2026-11-20" })],
    matched: [],
    ambiguous: ["1 a", "2 a"],
  },
];

describe("cases", () => {
  test.each([...cases])("$name", ({ lines, transfers, matched, ambiguous = [] }) => {
    expect(shown(match(lines, transfers))).toEqual({ matched: [...matched], ambiguous: [...ambiguous] });
  });
});

const day = fc.integer({ min: 1, max: 12 }).map((of) => `2026-11-${String(of).padStart(2, "0")}`);
const amount = fc.constantFrom(1n, 2n, -2n);
const reference = fc.constantFrom(null, "A", "a ", "B");
const ids = fc.constantFrom("t0", "t1", "t2", "t3");
const problem = fc.record({
  lines: fc
    .array(fc.record({ amount, valueOn: day, reference, ids: fc.array(ids, { maxLength: 2 }) }), { maxLength: 9 })
    .map((all) => all.map((one, at): MatchLine => ({ position: at + 1, ...one }))),
  transfers: fc
    .array(fc.record({ amount, valueOn: day, reference }), { maxLength: 9 })
    .map((all) => all.map((one, at): MatchTransfer => ({ id: `t${at}`, ...one }))),
});

test("one to one, of one amount, by the rule that is named, and the same in any order", () => {
  fc.assert(
    fc.property(problem, fc.infiniteStream(fc.nat()), ({ lines, transfers }, random) => {
      const shuffled = <T>(items: readonly T[]): T[] =>
        items
          .map((item) => ({ item, key: Number(random.next().value) }))
          .toSorted((a, b) => a.key - b.key)
          .map(({ item }) => item);
      const found = match(lines, transfers);
      expect(shown(match(shuffled(lines), shuffled(transfers)))).toEqual(shown(found));
      const { matched, ambiguous } = found;
      expect(new Set([...matched.values()].map(({ transfer: id }) => id)).size).toBe(matched.size);
      for (const [position, { transfer: id, rule }] of matched) {
        const one = lines.find((each) => each.position === position);
        const other = transfers.find((each) => each.id === id);
        expect(one?.amount).toBe(other?.amount as bigint);
        const apart = Math.abs(Number(one?.valueOn.slice(-2)) - Number(other?.valueOn.slice(-2)));
        if (rule === "id") expect(one?.ids).toContain(id);
        if (rule === "reference")
          expect(one?.reference?.trim().toLowerCase()).toBe(String(other?.reference?.trim().toLowerCase()));
        if (rule === "day") expect(apart).toBe(0);
        if (rule === "window") expect(apart).toBeLessThanOrEqual(windowDays);
        expect(ambiguous.has(position)).toBe(false);
      }
      // What is ambiguous has candidates of its amount that are left; a line without any has none.
      const left = transfers.filter(({ id }) => ![...matched.values()].some((pair) => pair.transfer === id));
      for (const one of lines) {
        const near = left.filter(
          (other) =>
            other.amount === one.amount &&
            Math.abs(Number(one.valueOn.slice(-2)) - Number(other.valueOn.slice(-2))) <= windowDays,
        );
        if (matched.has(one.position)) continue;
        if (near.length > 0) expect(ambiguous.get(one.position)?.toSorted()).toEqual(near.map(({ id }) => id).toSorted());
        for (const id of ambiguous.get(one.position) ?? []) expect(left.map((each) => each.id)).toContain(id);
      }
    }),
    { numRuns: 2_000 },
  );
});

test("ten thousand of one amount are matched in a moment", () => {
  const lines = Array.from({ length: 2_000 }, (_, at) => line(at + 1, 5n));
  const transfers = Array.from({ length: 10_000 }, (_, at) => transfer(`t${at}`, 5n));
  const startedMs = performance.now();
  const { matched, ambiguous } = match(lines, transfers);
  expect(performance.now() - startedMs).toBeLessThan(2_000);
  expect(matched.size).toBe(0);
  expect(ambiguous.size).toBe(2_000);
  expect(ambiguous.get(1)).toHaveLength(10);
});
