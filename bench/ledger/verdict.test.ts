import { expect, test } from "bun:test";
import { measured } from "../harness/load.ts";
import { type Everything, verdicts } from "./verdict.ts";

const latency = { p50: 1, p90: 2, p99: 3, max: 5 };
const calls = (count: number, cpu = 2) => measured({ calls: count, seconds: 1, latency }, cpu);
const nothing: Everything = { cases: {}, latency: {}, growth: {} };
const verdictOf = (everything: Everything, title: string) => verdicts(everything).find((line) => line[0].startsWith(title));

test("nothing measured is neither reached nor missed", () => {
  expect(new Set(verdicts(nothing).map((line) => line[3]))).toEqual(new Set(["not measured"]));
});

test("a bulk call counts its transfers, also beside a peer's single ones", () => {
  const cases = { "bulk/pons-postgres": [calls(9), calls(8)], "single/pgbench": [calls(3000), calls(2000)] };
  expect(verdictOf({ ...nothing, cases }, "bulk on Postgres, by pgbench")?.slice(1)).toEqual([
    "≥ 3",
    "3.5 (3 … 4)",
    "reached (+17 %)",
  ]);
});

test("the bare loop is compared by time and by CPU time", () => {
  const cases = { "bulk/pons-sqlite": [calls(10, 1.25)], "bulk/bare-loop": [calls(20, 0.5)] };
  const lines = verdicts({ ...nothing, cases }).filter(([title]) => title.includes("bare loop"));
  expect(lines.map((line) => line.slice(2))).toEqual([
    ["0.5 (0.5 … 0.5)", "reached (+25 %)"],
    ["0.2 (0.2 … 0.2)", "**missed** (−50 %)"],
  ]);
});

test("latency and growth have upper bounds", () => {
  const everything = {
    ...nothing,
    latency: { "single/pons-sqlite": [calls(10)] },
    growth: { "bulk/sqlite": [1.2, 1.4, 1.5] },
  };
  expect(verdictOf(everything, "p99 ÷ median of single calls at half load, pons-sqlite")?.[3]).toBe("reached (−25 %)");
  expect(verdictOf(everything, "CPU time of a bulk transfer on sqlite")?.[3]).toBe("**missed** (+8 %)");
});
