/** RFC 6902: the cases of its appendix A, and what it refuses. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { applyPatch, isSame } from "./json-patch.ts";

const apply = (value: unknown, patch: unknown) => {
  const patched = applyPatch(value, patch, { operationsMax: 10 });
  return patched.ok ? patched.value : patched.fault;
};

describe("applies", () => {
  test.each<[string, unknown, unknown, unknown]>([
    ["A.1 an object member", { foo: "bar" }, [{ op: "add", path: "/baz", value: "qux" }], { foo: "bar", baz: "qux" }],
    [
      "A.2 an array element",
      { foo: ["bar", "baz"] },
      [{ op: "add", path: "/foo/1", value: "qux" }],
      { foo: ["bar", "qux", "baz"] },
    ],
    ["A.3 remove a member", { baz: 1, foo: 2 }, [{ op: "remove", path: "/baz" }], { foo: 2 }],
    ["A.4 remove an element", { foo: [1, 2, 3] }, [{ op: "remove", path: "/foo/1" }], { foo: [1, 3] }],
    ["A.5 replace", { baz: 1, foo: 2 }, [{ op: "replace", path: "/baz", value: 3 }], { baz: 3, foo: 2 }],
    ["replace an element", { a: [1, 2, 3] }, [{ op: "replace", path: "/a/1", value: 9 }], { a: [1, 9, 3] }],
    [
      "A.6 move a value",
      { foo: { bar: 1, waldo: 2 }, qux: {} },
      [{ op: "move", from: "/foo/waldo", path: "/qux/thud" }],
      { foo: { bar: 1 }, qux: { thud: 2 } },
    ],
    ["A.7 move an element", { foo: [1, 2, 3, 4] }, [{ op: "move", from: "/foo/1", path: "/foo/3" }], { foo: [1, 3, 4, 2] }],
    [
      "A.8 a test that holds",
      { baz: "qux", foo: ["a", 2, "c"] },
      [{ op: "test", path: "/foo/1", value: 2 }],
      { baz: "qux", foo: ["a", 2, "c"] },
    ],
    [
      "A.10 a nested object",
      { foo: 1 },
      [{ op: "add", path: "/child", value: { grandchild: {} } }],
      { foo: 1, child: { grandchild: {} } },
    ],
    ["A.11 unknown members are ignored", { a: 1 }, [{ op: "add", path: "/b", value: 2, xyz: 1 }], { a: 1, b: 2 }],
    [
      "A.14 escapes",
      { "/": 9, "~1": 10 },
      [
        { op: "test", path: "/~01", value: 10 },
        { op: "test", path: "/~1", value: 9 },
      ],
      { "/": 9, "~1": 10 },
    ],
    ["A.16 append", { foo: ["bar"] }, [{ op: "add", path: "/foo/-", value: ["abc"] }], { foo: ["bar", ["abc"]] }],
    [
      "copy",
      { a: { b: 1 } },
      [
        { op: "copy", from: "/a", path: "/c" },
        { op: "replace", path: "/c/b", value: 2 },
      ],
      { a: { b: 1 }, c: { b: 2 } },
    ],
    ["the whole", { a: 1 }, [{ op: "replace", path: "", value: { b: 2 } }], { b: 2 }],
    [
      "test in any order of members",
      { a: { b: 1, c: 2 } },
      [{ op: "test", path: "/a", value: { c: 2, b: 1 } }],
      { a: { b: 1, c: 2 } },
    ],
    [
      "a money beyond 2^53 by its digits",
      { a: "9007199254740993" },
      [{ op: "test", path: "/a", value: 9007199254740993n }],
      { a: "9007199254740993" },
    ],
    ["nothing", { a: 1 }, [], { a: 1 }],
  ])("%s", (_, value, patch, patched) => {
    const before = structuredClone(value);
    expect(apply(value, patch)).toEqual(patched);
    expect(value).toEqual(before);
  });
});

describe("refuses", () => {
  test.each<[string, unknown, unknown, string]>([
    ["A.9 a test that does not hold", { baz: "qux" }, [{ op: "test", path: "/baz", value: "bar" }], "test"],
    ["A.12 a parent that is not there", { foo: 1 }, [{ op: "add", path: "/baz/bat", value: 1 }], "path"],
    ["A.15 text is no number", { a: 10 }, [{ op: "test", path: "/a", value: "10" }], "test"],
    ["to remove what is not there", { a: 1 }, [{ op: "remove", path: "/b" }], "path"],
    ["to replace what is not there", { a: 1 }, [{ op: "replace", path: "/b", value: 1 }], "path"],
    ["an index beyond the end", { a: [1] }, [{ op: "add", path: "/a/2", value: 1 }], "path"],
    ["an index with zeros", { a: [1, 2] }, [{ op: "remove", path: "/a/01" }], "path"],
    ["to move into itself", { a: { b: {} } }, [{ op: "move", from: "/a", path: "/a/b/c" }], "path"],
    ["a prototype as a member", { a: 1 }, [{ op: "add", path: "/__proto__", value: { x: 1 } }], "path"],
    ["a step over a prototype", {}, [{ op: "add", path: "/__proto__/x", value: 1 }], "path"],
    ["an inherited member", {}, [{ op: "test", path: "/toString", value: 1 }], "path"],
    ["no list", {}, { op: "add" }, "malformed"],
    ["an unknown operation", {}, [{ op: "spam", path: "/a" }], "malformed"],
    ["a missing value", {}, [{ op: "add", path: "/a" }], "malformed"],
    ["a missing from", {}, [{ op: "move", path: "/a" }], "malformed"],
    ["a pointer without its slash", {}, [{ op: "remove", path: "a" }], "malformed"],
    ["a bad escape", {}, [{ op: "remove", path: "/~2" }], "malformed"],
    ["too many operations", {}, Array.from({ length: 11 }, () => ({ op: "test", path: "", value: {} })), "malformed"],
  ])("%s", (_, value, patch, fault) => {
    expect(apply(value, patch)).toBe(fault);
    expect(({} as Record<string, unknown>)["x"]).toBeUndefined();
  });

  test("copies that grow without end", () => {
    const patch = Array.from({ length: 40 }, () => ({ op: "copy", from: "", path: "/-" }));
    expect(applyPatch([1], patch, { operationsMax: 100 })).toMatchObject({ ok: false, fault: "too_large" });
  });
});

test("property: any list of operations is applied or refused, and leaves the value alone", () => {
  const path = fc.constantFrom("", "/a", "/a/0", "/a/-", "/b/c", "/~0", "/__proto__", "x");
  const operation = fc.record({
    op: fc.constantFrom("add", "remove", "replace", "move", "copy", "test"),
    path,
    from: path,
    value: fc.jsonValue({ maxDepth: 2 }),
  });
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 3 }), fc.array(operation, { maxLength: 6 }), (value, patch) => {
      const before = structuredClone(value);
      applyPatch(value, patch, { operationsMax: 10 });
      expect(isSame(value, before)).toBe(true);
    }),
    { numRuns: 1000 },
  );
});
