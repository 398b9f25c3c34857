import { describe, expect, test } from "bun:test";
import { BrokenReference, referencesOf, resolve, resolveText } from "./batch-reference.ts";

const lookup = (call: string) =>
  ({ a: { status: 201, data: { id: "x/1", n: 5, list: [{ id: 7 }], none: null, text: "{b.data.id}" } } })[call];

describe("resolves", () => {
  test.each<[unknown, unknown]>([
    ["{a.data.id}", "x/1"],
    ["{a.data.n}", 5],
    ["{a.status}", 201],
    ["{a.data.none}", null],
    ["{a.data.list}", [{ id: 7 }]],
    ["{a.data.list.0.id}", 7],
    ["n={a.data.n}, id={a.data.id}", "n=5, id=x/1"],
    ["{{a.data.id}}", "{a.data.id}"],
    ["{hello} {a} {a.other.id} { a.data.id }", "{hello} {a} {a.other.id} { a.data.id }"],
    ['{"json":{"a":1}}', '{"json":{"a":1}}'],
    // What is put in is not read again.
    ["{a.data.text}", "{b.data.id}"],
    [{ list: ["{a.data.n}", { deep: "{a.status}" }] }, { list: [5, { deep: 201 }] }],
    [7, 7],
    [null, null],
  ])("%j to %j", (value, resolved) => {
    expect(resolve(value, lookup)).toEqual(resolved);
  });

  test("values in a path are encoded", () => {
    expect(resolveText("/orders/{a.data.id}/x", lookup, encodeURIComponent)).toBe("/orders/x%2F1/x");
  });
});

test.each([
  "{z.data.id}",
  "{a.data.missing}",
  "{a.data.toString}",
  "{a.data.__proto__}",
  "text {a.data.list}",
  "text {a.data.none}",
  "{a.data.id.length}",
])("%s leads nowhere", (value) => {
  expect(() => resolve(value, lookup)).toThrow(BrokenReference);
});

test("names the calls that are referred to, wherever", () => {
  expect([...referencesOf({ x: ["{a.data.id}", "{b.status} {{c.data.id}}"], y: { z: "{a.data.n}" } })]).toEqual(["a", "b"]);
});
