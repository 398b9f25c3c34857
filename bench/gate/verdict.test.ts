import { expect, test } from "bun:test";
import { measured } from "../harness/load.ts";
import { type Everything, taxOf, verdicts } from "./verdict.ts";

const latency = { p50: 1, p90: 2, p99: 3, max: 5 };
const calls = (count: number, cpu = 2) => measured({ calls: count, seconds: 1, latency }, cpu);
const nothing: Everything = { cases: {}, keys: {}, memory: {}, signature: undefined, token: undefined };
const verdictOf = (everything: Everything, title: string) => verdicts(everything).find((line) => line[0].startsWith(title));

test("nothing measured is neither reached nor missed", () => {
  expect(new Set(verdicts(nothing).map((line) => line[3]))).toEqual(new Set(["not measured"]));
});

test("the tax is what is lost of the calls per CPU second, in rounds that both have", () => {
  expect(taxOf([80, 50, 99], [100, 100])).toEqual([expect.closeTo(0.2), 0.5]);
});

test("the tax is taken on one engine and one operation", () => {
  const cases = {
    "get/sqlite-nothing": [calls(1000), calls(1000), calls(1000)],
    "get/sqlite-everything": [calls(700), calls(800), calls(900)],
    "get/postgres-nothing": [calls(1000)],
    "get/postgres-everything": [calls(500)],
  };
  expect(verdictOf({ ...nothing, cases }, "policy tax on get, sqlite")?.slice(1)).toEqual([
    "≤ 0.25",
    "0.2 (0.1 … 0.3)",
    "reached (−20 %)",
  ]);
  expect(verdictOf({ ...nothing, cases }, "policy tax on get, postgres")?.[3]).toBe("**missed** (+100 %)");
  expect(verdictOf({ ...nothing, cases }, "policy tax on create, sqlite")?.[3]).toBe("not measured");
});

test("many keys are compared with few by CPU time, and may cost a tenth more", () => {
  const few = [calls(1000, 1), calls(1000, 1)];
  expect(
    verdictOf({ ...nothing, cases: { "any/few": few, "any/many": [calls(1000, 1.05), calls(1000, 1.05)] } }, "CPU time")?.[3],
  ).toBe("reached (−5 %)");
  expect(
    verdictOf({ ...nothing, cases: { "any/few": few, "any/many": [calls(1000, 1.5), calls(1000, 1.5)] } }, "CPU time")?.[3],
  ).toBe("**missed** (+36 %)");
});

test("a key is judged by the server with few of them", () => {
  const figures = (ratio: number) => ({ checkNs: 1, hashNs: 1, ratios: [ratio] });
  expect(verdictOf({ ...nothing, keys: { few: figures(1.5), many: figures(9) } }, "a known key")?.[2]).toBe("1.5 (1.5 … 1.5)");
});
