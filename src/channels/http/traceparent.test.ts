import { expect, test } from "bun:test";
import { formatTraceparent, parseTraceparent, TraceIds } from "./traceparent.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN = "00f067aa0ba902b7";

test.each([
  [`00-${TRACE}-${SPAN}-01`, true],
  [`00-${TRACE}-${SPAN}-00`, false],
  [`00-${TRACE}-${SPAN}-03`, true],
  [`01-${TRACE}-${SPAN}-01`, true],
  [`cc-${TRACE}-${SPAN}-01-what-the-future-will-be-like`, true],
])("reads %s", (header, isSampled) => {
  expect(parseTraceparent(header)).toEqual({ traceId: TRACE, parentId: SPAN, isSampled });
});

test.each([
  undefined,
  null,
  "",
  "00",
  `ff-${TRACE}-${SPAN}-01`,
  `00-${"0".repeat(32)}-${SPAN}-01`,
  `00-${TRACE}-${"0".repeat(16)}-01`,
  `00-${TRACE.toUpperCase()}-${SPAN}-01`,
  `00-${TRACE}-${SPAN}-01-x`,
  `00-${TRACE}-${SPAN}-1`,
  `00-${TRACE}-${SPAN}`,
  `00-${TRACE.slice(1)}-${SPAN}-01`,
  ` 00-${TRACE}-${SPAN}-01`,
  `00-${TRACE}-${SPAN}-01\n`,
  `cc-${TRACE}-${SPAN}-01.x`,
  `cc-${TRACE}-${SPAN}-01-${"x".repeat(600)}`,
  `00_${TRACE}_${SPAN}_01`,
])("refuses case %#", (header) => {
  expect(parseTraceparent(header)).toBeUndefined();
});

test("a child keeps the trace and gets a span of its own", () => {
  const ids = new TraceIds();
  const parent = ids.root({ isSampled: true });
  const spans = new Set(Array.from({ length: 2000 }, () => ids.child(parent).parentId));
  expect(spans.size).toBe(2000);
  const child = ids.child(parent);
  expect(child.traceId).toBe(parent.traceId);
  expect(parseTraceparent(formatTraceparent(child))).toEqual(child);
});

test("ids are valid even where the generator gives zeros", () => {
  const ids = new TraceIds({ fill: (bytes) => bytes.fill(0) });
  const root = ids.root({ isSampled: false });
  expect(parseTraceparent(formatTraceparent(root))).toEqual(root);
});
