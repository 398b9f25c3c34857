import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type Field, type Fields, t } from "../../define/field.ts";
import type { Row } from "../../store/store.ts";
import { compileFields, compilePresent, compilePresentOwn, type FieldsOptions } from "./fields.ts";

const fields = {
  name: t.string({ minLength: 1 }),
  email: t.email({ optional: true }),
  limit: t.money({ default: 100n }),
  tags: t.array(t.string(), { default: ["new"] }),
  address: t.object(
    { city: t.string(), zip: t.string({ optional: true }), floor: t.integer({ default: 0 }) },
    { optional: true },
  ),
  photo: t.binary({ optional: true }),
} satisfies Fields;

const create: FieldsOptions = {
  required: new Set(["name"]),
  partial: false,
  defaults: true,
  unknown: "refuse",
  readOnly: new Set(["balance"]),
};
const patch: FieldsOptions = { ...create, partial: true };

const rows: readonly (readonly [title: string, options: FieldsOptions, body: unknown, accepted: object])[] = [
  [
    "a create fills in defaults and nulls",
    create,
    { name: "Ann" },
    { value: { name: "Ann", email: null, limit: 100n, tags: ["new"], address: null, photo: null } },
  ],
  [
    "a create takes everything",
    create,
    { name: "Ann", email: null, limit: "5", tags: [], address: { city: "Wien" }, photo: "AQ==" },
    {
      value: {
        name: "Ann",
        email: null,
        limit: 5n,
        tags: [],
        address: { city: "Wien", zip: null, floor: 0 },
        photo: new Uint8Array([1]),
      },
    },
  ],
  ["undefined is absent", create, { name: "Ann", email: undefined, other: undefined }, { issues: { other: ["unknown_field"] } }],
  ["required, absent", create, {}, { issues: { name: ["required"] } }],
  ["required, null", create, { name: null }, { issues: { name: ["required"] } }],
  ["required, empty", create, { name: "" }, { issues: { name: ["required"] } }],
  ["null where there is only a default", create, { name: "Ann", limit: null }, { issues: { limit: ["required"] } }],
  ["unknown", create, { name: "Ann", nmae: 1 }, { issues: { nmae: ["unknown_field"] } }],
  ["read only", create, { name: "Ann", balance: 1 }, { issues: { balance: ["read_only"] } }],
  ["an inherited name is unknown", create, { name: "Ann", toString: 1 }, { issues: { toString: ["unknown_field"] } }],
  [
    "constructor is unknown",
    create,
    JSON.parse('{"name":"Ann","constructor":{}}'),
    { issues: { constructor: ["unknown_field"] } },
  ],
  [
    "within an object",
    create,
    { name: "Ann", address: { zip: 5, street: "x" } },
    { issues: { "address.city": ["required"], "address.zip": ["wrong_type"], "address.street": ["unknown_field"] } },
  ],
  [
    "within a list",
    create,
    { name: "Ann", tags: ["a", 5, null] },
    { issues: { "tags.1": ["wrong_type"], "tags.2": ["required"] } },
  ],
  [
    "all that is wrong is told",
    create,
    { email: "x", limit: 1.5 },
    { issues: { name: ["required"], email: ["bad_format"], limit: ["not_integer"] } },
  ],
  ["no object: list", create, [], { issues: { "": ["wrong_type"] } }],
  ["no object: null", create, null, { issues: { "": ["wrong_type"] } }],
  ["no object: nothing", create, undefined, { issues: { "": ["wrong_type"] } }],
  ["no object: text", create, "name=Ann", { issues: { "": ["wrong_type"] } }],
  ["no object: bytes", create, new Uint8Array(2), { issues: { "": ["wrong_type"] } }],
  ["a patch may be empty", patch, {}, { value: {} }],
  ["a patch has only what is given", patch, { limit: 7 }, { value: { limit: 7n } }],
  ["a patch clears an optional field", patch, { email: null }, { value: { email: null } }],
  ["a patch cannot clear a required one", patch, { name: null }, { issues: { name: ["required"] } }],
  ["a patch knows its fields too", patch, { balance: 1, x: 1 }, { issues: { balance: ["read_only"], x: ["unknown_field"] } }],
];

/** Issues without their parameters; a key may be `__proto__`. */
const codesOf = (issues: object): object =>
  Object.fromEntries(Object.entries(issues).map(([path, list]) => [path, (list as { code: string }[]).map(({ code }) => code)]));

describe("bodies", () => {
  test.each(rows.map(([title, options, body, accepted]) => ({ title, options, body, accepted })))(
    "$title",
    ({ options, body, accepted }) => {
      const result = compileFields(fields, options)(body, false);
      expect<object>(result.ok ? { value: result.value } : { issues: codesOf(result.issues) }).toEqual(accepted);
    },
  );
});

test("__proto__ is an unknown field and changes no prototype", () => {
  const result = compileFields(fields, create)(JSON.parse('{"name":"Ann","__proto__":{"admin":true}}'), false);
  if (result.ok) throw new Error("accepted");
  expect(Object.keys(result.issues)).toEqual(["__proto__"]);
  expect(Object.getPrototypeOf(result.issues)).toBe(Object.prototype);
  expect("admin" in result.issues).toBe(false);
});

test("an inherited name that is a field counts only when it is the body's own", () => {
  const accept = compileFields({ toString: t.string() }, { ...create, required: new Set(["toString"]) });
  expect(accept({}, false)).toEqual({ ok: false, issues: { toString: [{ code: "required" }] } });
  expect(accept({ toString: "x" }, false)).toEqual({ ok: true, value: { toString: "x" } });
});

test("an id that is not given is left out", () => {
  const accept = compileFields({ id: t.id("acc", { client: true }) }, { ...create, required: new Set() });
  expect(accept({}, false)).toEqual({ ok: true, value: {} });
});

test("without defaults an absent field is left out", () => {
  const accept = compileFields({ limit: t.money({ default: 1n }) }, { ...create, required: new Set(), defaults: false });
  expect(accept({}, false)).toEqual({ ok: true, value: {} });
});

test("no two rows share a default", () => {
  const accept = compileFields(fields, create);
  const [first, second] = [accept({ name: "a" }, false), accept({ name: "b" }, false)];
  if (!first.ok || !second.ok) throw new Error("refused");
  (first.value["tags"] as string[]).push("changed");
  expect(second.value["tags"]).toEqual(["new"]);
  expect(accept({ name: "c" }, false)).toMatchObject({ value: { tags: ["new"] } });
});

test("in text an empty string is null, but for text itself", () => {
  const accept = compileFields(
    { age: t.integer({ optional: true }), born: t.date(), note: t.string() },
    { ...create, required: new Set() },
  );
  expect(accept({ age: "", born: "", note: "" }, true)).toEqual({ ok: false, issues: { born: [{ code: "required" }] } });
  expect(accept({ age: "", born: "2026-01-01", note: "" }, true)).toEqual({
    ok: true,
    value: { age: null, born: "2026-01-01", note: "" },
  });
});

test("issues and their paths are bounded", () => {
  const many = Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`${index}${"x".repeat(1_000)}`, 1]));
  const lists = compileFields({ rows: t.array(t.array(t.integer())) }, { ...create, required: new Set() });
  for (const result of [
    compileFields(fields, create)(many, false),
    lists({ rows: Array.from({ length: 900 }, () => ["x", "y"]) }, false),
  ]) {
    if (result.ok) throw new Error("accepted");
    expect(Object.keys(result.issues).length).toBeLessThanOrEqual(100);
    for (const path of Object.keys(result.issues)) expect(path.length).toBeLessThanOrEqual(200);
  }
});

describe("definitions that cannot be compiled name the field", () => {
  const broken: readonly (readonly [says: string, field: Field])[] = [
    ["amount: its default -1 is refused: too_small", t.integer({ min: 0, default: -1 })],
    ['amount: pattern "(a+)+": can match', t.string({ pattern: "(a+)+" })],
    ["amount: a scale is 0 to 18, not 19", t.decimal({ scale: 19 })],
  ];
  test.each(broken.map(([says, field]) => ({ says, field })))("$says", ({ says, field }) => {
    expect(() => compileFields({ amount: field }, create)).toThrow(says);
    expect(() => compileFields({ outer: t.object({ amount: field }) }, create)).toThrow(`outer: ${says}`);
  });
  test("__proto__", () => {
    expect(() => compileFields(JSON.parse('{"__proto__":{"kind":"string","options":{}}}'), create)).toThrow("cannot be a field");
  });
});

describe("presenting", () => {
  test("money beyond 2^53-1 is a string, bytes are base64, what lacks is null", () => {
    const present = compilePresent({
      small: t.money(),
      large: t.money(),
      least: t.money(),
      file: t.binary(),
      none: t.money({ optional: true }),
      lacks: t.string({ optional: true }),
      list: t.array(t.money({ optional: true })),
      inner: t.object({ amount: t.money(), note: t.string() }),
      plain: t.object({ note: t.string() }),
    });
    expect(
      present({
        small: BigInt(Number.MAX_SAFE_INTEGER),
        large: BigInt(Number.MAX_SAFE_INTEGER) + 1n,
        least: -(2n ** 63n),
        file: new Uint8Array([1, 2]),
        none: null,
        list: [1n, null],
        inner: { amount: 2n, note: "x" },
        plain: { note: "x" },
        secret: "not asked for",
      }),
    ).toEqual({
      small: 9_007_199_254_740_991,
      large: "9007199254740992",
      least: "-9223372036854775808",
      file: "AQI=",
      none: null,
      lacks: null,
      list: [1, null],
      inner: { amount: 2, note: "x" },
      plain: { note: "x" },
    });
  });
  test("only what is named, in that order", () => {
    expect(Object.keys(compilePresent(fields, ["photo", "name"])({ name: "Ann", photo: null }))).toEqual(["photo", "name"]);
    expect(() => compilePresent(fields, ["nmae"])).toThrow("nmae");
  });
});

const kinds: Fields = {
  a: t.string({ optional: true }),
  b: t.integer({ optional: true }),
  c: t.money({ optional: true }),
  d: t.decimal({ optional: true }),
  e: t.dateTime({ optional: true }),
  f: t.json({ optional: true }),
  g: t.binary({ optional: true }),
  h: t.array(t.object({ x: t.duration(), y: t.language({ optional: true }) }), { optional: true }),
  i: t.url({ optional: true }),
  j: t.enum(["x", "y"], { optional: true }),
};

/** Values a hostile or clumsy caller sends. */
const anything = fc.anything({
  withBigInt: true,
  withNullPrototype: true,
  withTypedArray: true,
  withDate: true,
  withSparseArray: true,
});
const plausible = fc.oneof(
  anything,
  fc.string({ unit: "binary" }),
  fc.constantFrom(
    "2026-01-31T10:30:00+01:00",
    "P1D",
    "12.50",
    "AQ==",
    "de-at",
    "https://x.y/",
    "x",
    0,
    -0,
    1.5,
    2 ** 60,
    10n ** 30n,
    "",
  ),
  fc.array(fc.record({ x: fc.constantFrom("PT1H", "P1M", 5), y: fc.constantFrom("de", null, "x y") })),
);

test("nothing throws, and what was accepted is accepted again as presented", () => {
  const accept = compileFields(kinds, { ...create, required: new Set() });
  const present = compilePresent(kinds);
  fc.assert(
    fc.property(
      fc.oneof(
        anything,
        fc.record(Object.fromEntries(Object.keys(kinds).map((name) => [name, plausible])), { requiredKeys: [] }),
      ),
      fc.boolean(),
      (body, text) => {
        const result = accept(body, text);
        if (!result.ok) {
          expect(Object.keys(result.issues).length).toBeGreaterThan(0);
          return;
        }
        const again = accept(JSON.parse(JSON.stringify(present(result.value))), false);
        expect(again).toEqual(result);
      },
    ),
    { numRuns: 3_000 },
  );
});

test("a row of one's own is presented in place, as a copy would be", () => {
  const ownFields: Fields = {
    id: t.id("acc"),
    balance: t.money(),
    limit: t.money({ optional: true }),
    photo: t.binary(),
    parts: t.array(t.money()),
  };
  const rowOf = (): Row => ({
    id: "acc_1",
    balance: 2n ** 60n,
    limit: null,
    photo: new Uint8Array([1, 2]),
    parts: [1n, 2n ** 60n] as never,
  });
  const row = rowOf();
  const shown = compilePresentOwn(ownFields)(row);
  expect(shown).toBe(row);
  expect(JSON.stringify(shown)).toBe(JSON.stringify(compilePresent(ownFields)(rowOf())));
  expect(shown).toEqual({
    id: "acc_1",
    balance: "1152921504606846976",
    limit: null,
    photo: "AQI=",
    parts: [1, "1152921504606846976"],
  });
});
