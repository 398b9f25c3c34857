import { expect, test } from "bun:test";
import { attemptsMax, breakerFailures, breakMs, pauseMs, pausesMs, retryAfterMs } from "./schedule.ts";

const hourMs = 3_600_000;

test("ten attempts over three days, each pause half to one and a half of its mean", () => {
  expect(attemptsMax).toBe(10);
  const total = pausesMs.reduce((sum, pause) => sum + pause, 0);
  expect(total / hourMs).toBeGreaterThan(75);
  expect(total / hourMs).toBeLessThan(76);
  for (const [at, pause] of pausesMs.entries()) {
    expect(pauseMs(at + 1, 0)).toBe(pause / 2);
    expect(pauseMs(at + 1, 1)).toBe(pause * 1.5);
  }
  expect(pauseMs(attemptsMax, 0.5)).toBeUndefined();
});

test("a receiver is left alone longer each time, five minutes at most", () => {
  for (let failures = 0; failures < breakerFailures; failures++) expect(breakMs(failures, 1)).toBe(0);
  const breaks = Array.from({ length: 40 }, (_, at) => breakMs(breakerFailures + at, 1));
  expect(breaks.slice(0, 4)).toEqual([1_000, 2_000, 4_000, 8_000]);
  expect(Math.max(...breaks)).toBe(300_000);
  expect(breakMs(1_000_000, 0)).toBe(150_000);
});

test.each([
  [null, undefined],
  ["", undefined],
  ["120", 120_000],
  [" 1 ", 1_000],
  ["0", 0],
  ["999999999", hourMs],
  ["99999999999", undefined],
  ["-1", undefined],
  ["soon", undefined],
  ["Sat, 01 Jan 2000 00:02:00 GMT", 120_000],
  ["Fri, 31 Dec 1999 00:00:00 GMT", 0],
  ["Sun, 01 Jan 2040 00:00:00 GMT", hourMs],
  ["x".repeat(10_000), undefined],
])("Retry-After: %p", (header, expected) => {
  expect(retryAfterMs(header, Date.parse("2000-01-01T00:00:00Z"))).toBe(expected as never);
});
