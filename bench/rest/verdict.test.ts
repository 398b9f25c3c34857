import { expect, test } from "bun:test";
import { measured } from "../harness/load.ts";
import { type Everything, verdicts } from "./verdict.ts";

const latency = { p50: 1, p90: 2, p99: 4, max: 5 };
const calls = (count: number) => measured({ calls: count, seconds: 1, latency }, 2);
const nothing: Everything = { cases: {}, latency: {}, starts: {}, idleMiB: {}, growth: {} };
const verdictOf = (everything: Everything, title: string) => verdicts(everything).find((line) => line[0].startsWith(title));

test("nothing measured is neither reached nor missed", () => {
  expect(new Set(verdicts(nothing).map((line) => line[3]))).toEqual(new Set(["not measured"]));
});

test("a ratio is taken round by round and told with its distance", () => {
  const cases = { get: { "pons-postgres": [calls(600), calls(200)], fastify: [calls(200), calls(100)] } };
  expect(verdictOf({ ...nothing, cases }, "get on Postgres, by Fastify")?.slice(1)).toEqual([
    "≥ 2.5",
    "2.5 (2 … 3)",
    "reached (+0 %)",
  ]);
  const slower = { get: { "pons-postgres": [calls(100)], fastify: [calls(100)] } };
  expect(verdictOf({ ...nothing, cases: slower }, "get on Postgres, by Fastify")?.[3]).toBe("**missed** (−60 %)");
});

test("a batch counts its rows", () => {
  const cases = { batch: { "pons-sqlite": [calls(1)] }, create: { "pons-sqlite": [calls(100)] } };
  expect(verdictOf({ ...nothing, cases }, "rows of a batch of 1,000 on sqlite")?.[2]).toBe("10 (10 … 10)");
});

test("latency, memory and growth have upper bounds", () => {
  const everything = {
    ...nothing,
    latency: { "create/pons-sqlite": [calls(10)] },
    idleMiB: { "pons-sqlite": 120 },
    growth: { sqlite: [0.7, 0.75] },
  };
  expect(verdictOf(everything, "p99 ÷ median")?.[3]).toBe("**missed** (+33 %)");
  expect(verdictOf(everything, "idle memory of pons-sqlite")?.[3]).toBe("reached (−8 %)");
  expect(verdictOf(everything, "page by cursor on sqlite")?.[3]).toBe("**missed** (off by 27.5 %)");
});
