import { expect, test } from "bun:test";
import { entityTag, entityTagOfJson, stemOfTag } from "./entity-tag.ts";

test("a tag is quoted, visible, and the same for the same data", () => {
  expect(entityTag({ id: "a", n: 1 })).toMatch(/^"[0-9a-f]{1,16}"$/);
  expect(entityTag({ id: "a", n: 1 })).toBe(entityTagOfJson('{"id":"a","n":1}'));
  expect(entityTag({ id: "a", n: 2 })).not.toBe(entityTag({ id: "a", n: 1 }));
  expect(entityTag(undefined)).toBe(entityTagOfJson(""));
});

test.each([
  ['"9f2c"', '"9f2c"'],
  ['"9f2c-xml"', '"9f2c"'],
  ['"9f2c-xml-gzip"', '"9f2c"'],
  ['""', '""'],
])("the stem of %s is %s", (tag, stem) => {
  expect(stemOfTag(tag)).toBe(stem);
});
