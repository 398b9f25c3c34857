import { expect, test } from "bun:test";
import { measured } from "../harness/load.ts";
import { type Everything, verdicts } from "./verdict.ts";

const latency = { p50: 1, p90: 2, p99: 3, max: 5 };
const calls = (count: number) => measured({ calls: count, seconds: 1, latency }, 1);
const nothing: Everything = { calls: {}, graph: undefined, unary: undefined, exports: [], streams: undefined };
const verdictOf = (everything: Everything, title: string) => verdicts(everything).find((line) => line[0].startsWith(title));

test("nothing measured is neither reached nor missed", () => {
  expect(new Set(verdicts(nothing).map((line) => line[3]))).toEqual(new Set(["not measured"]));
});

test("the query of three levels has to be twice as cheap as the better of the others", () => {
  const none = { rounds: {}, ratios: [] };
  for (const [title, graph] of [
    ["GraphQL of three levels", (ratios: number[]) => ({ same: { rounds: {}, ratios }, pages: none })],
    ["the same by PostGraphile", (ratios: number[]) => ({ same: none, pages: { rounds: {}, ratios } })],
  ] as const) {
    expect(verdictOf({ ...nothing, graph: graph([1, 2.5, 3]) }, title)?.slice(2)).toEqual(["2.5 (1 … 3)", "reached (+25 %)"]);
    expect(verdictOf({ ...nothing, graph: graph([1]) }, title)?.[3]).toBe("**missed** (−50 %)");
    expect(verdictOf({ ...nothing, graph: graph([]) }, title)?.[3]).toBe("not measured");
  }
});

test("unary calls are compared with the empty handler's in rounds that both have, not those that read", () => {
  const unary = {
    "pons-ping": [calls(700), calls(800), calls(900)],
    "pons-get": [calls(1), calls(1), calls(1)],
    "grpc-js": [calls(1_000), calls(1_000)],
  };
  expect(verdictOf({ ...nothing, unary }, "gRPC unary")?.slice(1)).toEqual(["≥ 0.7", "0.75 (0.7 … 0.8)", "reached (+7 %)"]);
  expect(verdictOf({ ...nothing, unary: { ...unary, "grpc-js": [] } }, "gRPC unary")?.[3]).toBe("not measured");
});

test("memory is flat where the second half of an export needs no more than the first", () => {
  const exported = (halves: readonly [number, number]) =>
    ({
      by: "grpc",
      engine: "sqlite",
      rows: 1,
      rowsPerSecond: 1,
      rowsPerCpuSecond: 1,
      bytesPerRow: 1,
      firstMs: 1,
      memory: { start: 50, max: 200, end: 100, halves },
    }) as const;
  const title = "memory of an export over gRPC on SQLite";
  expect(verdictOf({ ...nothing, exports: [exported([100, 105])] }, title)?.[3]).toBe("reached (−16 %)");
  expect(verdictOf({ ...nothing, exports: [exported([100, 220])] }, title)?.[3]).toBe("**missed** (+76 %)");
});
