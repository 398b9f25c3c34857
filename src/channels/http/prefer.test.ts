import { expect, test } from "bun:test";
import { parsePrefer, preferenceApplied } from "./prefer.ts";

test.each([
  [undefined, {}],
  ["", {}],
  ["return=minimal", { return: "minimal" }],
  ['return="representation"', { return: "representation" }],
  ["Return=Minimal; foo=bar", { return: "minimal" }],
  ["return=minimal, return=representation", { return: "minimal" }],
  ["return=other", {}],
  ["respond-async, wait=10", { respondAsync: true, waitSeconds: 10 }],
  ["respond-async=yes", {}],
  ["wait=99999999", { waitSeconds: 86_400 }],
  ["wait=-1", {}],
  ["wait=1.5", {}],
  ["wait=1e3", {}],
  ["handling=lenient", { handling: "lenient" }],
  ["handling=strict, handling=lenient", { handling: "strict" }],
  ["atomic", { strategy: "atomic" }],
  ["independent, atomic", { strategy: "independent" }],
  ["envelope=none", { envelope: "none" }],
  ["envelope=some, priority=5, __proto__=1, constructor", {}],
  ['foo="a, return=minimal", envelope = none', { envelope: "none" }],
  [`x${", return=minimal".repeat(500)}`, {}],
])("Prefer: case %#", (header, preferences) => {
  expect(parsePrefer(header)).toEqual(preferences as never);
  expect(parsePrefer(header)).toEqual(preferences as never);
});

test("Preference-Applied names what was honoured", () => {
  expect(preferenceApplied(parsePrefer("return=minimal, respond-async, wait=5, handling=strict, atomic, envelope=none"))).toBe(
    "return=minimal, respond-async, wait=5, handling=strict, atomic, envelope=none",
  );
  expect(preferenceApplied({})).toBeUndefined();
});
