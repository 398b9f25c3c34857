/** From messages to inputs: masks, filters, orders, and what an item of a stream brings itself. */
import { describe, expect, test } from "bun:test";
import { kindsProto, methodOf } from "../../contract/protobuf/kinds.arbitrary.ts";
import type { Message } from "../../contract/protobuf/index.ts";
import { askedOf, inputOf } from "./input.ts";

const proto = kindsProto();

const asked = (method: string, message: Message): unknown => {
  const made = inputOf(methodOf(proto, method), message);
  return "input" in made ? made : { refused: made.type, issues: made.issues };
};

describe("a change", () => {
  const cases: readonly (readonly [what: string, message: Message, body: unknown])[] = [
    ["without a mask is what is there", { $id: "a", word: "x", flag: false }, { word: "x", flag: false }],
    ["of nothing", { $id: "a" }, {}],
    ["with a mask is what it names", { $id: "a", word: "x", flag: false, $updateMask: ["word"] }, { word: "x" }],
    [
      "what a mask names and is not there becomes nothing",
      { $id: "a", $updateMask: ["word", "moment"] },
      { word: null, moment: null },
    ],
    [
      "a list that is always there becomes empty, one that need not be becomes nothing",
      { $id: "a", $updateMask: ["words", "maybeWords"] },
      { words: [], maybeWords: null },
    ],
    [
      "within an object",
      { $id: "a", place: { city: "Wien" }, $updateMask: ["place.city", "place.floor"] },
      { place: { city: "Wien", floor: null } },
    ],
    [
      "an object as a whole, then a part of it",
      { $id: "a", place: { city: "Wien" }, $updateMask: ["place", "place.floor"] },
      { place: { city: "Wien", floor: null } },
    ],
    ["of an empty mask", { $id: "a", word: "x", $updateMask: [] }, {}],
    ["null in free JSON", { $id: "a", free: null }, { free: null }],
  ];
  test.each(cases)("%s", (_, message, body) => {
    expect(asked("UpdateThing", message)).toEqual({ input: { id: "a", body } });
  });

  test("SECURITY 26: names that are no fields stay as they are, to be refused, and touch no prototype", () => {
    for (const path of ["__proto__", "constructor", "*", "nope", "word.more", "__proto__.polluted", "place.__proto__"]) {
      const made = inputOf(methodOf(proto, "UpdateThing"), { $id: "a", $updateMask: [path] });
      if (!("input" in made)) throw new Error(path);
      const body = made.input.body as Record<string, unknown>;
      expect([path, Object.keys(body).length]).toEqual([path, 1]);
      expect(Object.getPrototypeOf(body)).toBe(Object.prototype);
    }
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });
});

describe("a list", () => {
  const cases: readonly (readonly [message: Message, query: unknown])[] = [
    [{}, { count: false }],
    [
      { count: true, pageSize: 5, page: 2 },
      { count: true, perPage: 5, page: 2 },
    ],
    [{ pageToken: "abc" }, { count: false, cursor: "abc" }],
    [{ pageToken: "" }, { count: false }],
    [
      { orderBy: ["some_word desc", "whole.asc,flag", " word  ASC "] },
      { count: false, sortBy: ["someWord.desc", "whole.asc", "flag", "word.asc"] },
    ],
    [{ readMask: ["word", "place.city"] }, { count: false, fields: ["word", "place.city"] }],
    [
      {
        filters: [
          { field: "some_word.in_it", values: ["a", "b"] },
          { field: "whole", operator: "gte", values: [5] },
          { field: "word", operator: "null" },
        ],
      },
      {
        count: false,
        filters: [
          { path: "someWord.inIt", op: "eq", values: ["a", "b"], as: "someWord.inIt" },
          { path: "whole", op: "gte", values: [5], as: "whole[gte]" },
          { path: "word", op: "null", values: [true], as: "word[null]" },
        ],
      },
    ],
    [
      { namedFilters: [{ name: "kids", params: { from: 3 } }, { name: "all" }] },
      {
        count: false,
        named: [
          { name: "kids", params: { from: 3 } },
          { name: "all", params: {} },
        ],
      },
    ],
    [
      { include: [{ relation: "the_others", pageSize: 3, orderBy: ["word desc"], include: [{ relation: "owner" }] }] },
      { count: false, include: [{ name: "theOthers", perPage: 3, sortBy: ["word.desc"], include: [{ name: "owner" }] }] },
    ],
  ];
  test.each(cases)("%j", (message, query) => {
    expect(asked("ListThings", message)).toEqual({ input: { query } });
  });

  test("below a row of another resource", () => {
    expect(asked("ListThings", { parent: { resource: "big_boxes", id: "box_1", relation: "things" } })).toEqual({
      input: { query: { count: false }, parent: { resource: "bigBoxes", id: "box_1", relation: "things" } },
    });
  });

  test("an export has no pages and counts nothing; a read of a row asks for nothing it need not", () => {
    expect(asked("ExportThings", { orderBy: ["word"] })).toEqual({ input: { query: { sortBy: ["word"] } } });
    expect(asked("GetThing", { $id: "a" })).toEqual({ input: { id: "a" } });
    expect(asked("GetThing", { $id: "a", readMask: ["word"] })).toEqual({ input: { id: "a", query: { fields: ["word"] } } });
    expect(asked("CountThings", {})).toEqual({ input: { query: {} } });
  });
});

test("an item of a stream has its own conditions", () => {
  const request = { $id: "a", word: "x" };
  expect(asked("UpdateThingStream", { request, idempotencyKey: "one", ifMatch: '"9f2c-json", W/"weak"' })).toEqual({
    input: { id: "a", body: { word: "x" } },
    idempotencyKey: "one",
    ifMatch: ['"9f2c"'],
  });
  expect(asked("UpdateThingStream", { request, idempotencyKey: "two words" })).toEqual({
    refused: "validation_failed",
    issues: { idempotencyKey: [{ code: "bad_format" }] },
  });
  expect(asked("UpdateThingStream", { request, idempotencyKey: "x".repeat(300) })).toMatchObject({
    issues: { idempotencyKey: [{ code: "too_long" }] },
  });
  expect(asked("UpdateThingStream", { request, ifMatch: "nonsense" })).toMatchObject({
    issues: { ifMatch: [{ code: "bad_format" }] },
  });
  expect(asked("UpdateThingStream", {})).toEqual({ input: { id: "", body: {} } });
});

test("bytes that are no message are a refusal that says why", () => {
  const refused = askedOf(methodOf(proto, "GetThing"), new Uint8Array([0xff]));
  expect("input" in refused ? undefined : [refused.type, refused.details?.["reason"]]).toEqual(["invalid_body", "truncated"]);
});
