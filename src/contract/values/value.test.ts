import { describe, expect, test } from "bun:test";
import type { Value } from "../../define/expression.ts";
import { type Field, t } from "../../define/field.ts";
import { compileValue } from "./fields.ts";
import { Refused } from "./refused.ts";
import { compileRead } from "./value.ts";

const long = (length: number): string => "x".repeat(length);
const id = "acc_01JQZ8M3T9XK4W7B2N5C6D8FGH";
const uuid = "018f4c2e-7b1a-7c3d-9e5f-0a1b2c3d4e5f";

/** Field, what is given, what comes out. */
const good: readonly (readonly [field: Field, given: unknown, value: Value])[] = [
  [t.string(), "Ann", "Ann"],
  [t.string(), "", ""],
  [t.string({ maxLength: 2 }), "😀😀", "😀😀"],
  [t.string({ minLength: 2 }), "e\u0301", "e\u0301"],
  [t.string({ pattern: "[a-z]+" }), "abc", "abc"],
  [t.string(), long(255), long(255)],
  [t.text(), "one\r\n\ttwo", "one\r\n\ttwo"],
  [t.text(), long(65_535), long(65_535)],
  [t.integer(), 7, 7],
  [t.integer(), 7.0, 7],
  [t.integer(), -0, 0],
  [t.integer(), 7n, 7],
  [t.integer(), Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  [t.integer({ min: 1, max: 3 }), 3, 3],
  [t.money(), 1250, 1250n],
  [t.money(), -0, 0n],
  [t.money(), "-1250", -1250n],
  [t.money(), "-0", 0n],
  [t.money(), 9_223_372_036_854_775_807n, 9_223_372_036_854_775_807n],
  [t.money(), "-9223372036854775808", -9_223_372_036_854_775_808n],
  [t.decimal(), "12.50", "12.5"],
  [t.decimal(), "-0.00", "0"],
  [t.decimal(), 12.5, "12.5"],
  [t.decimal(), 1e-7, "0.0000001"],
  [t.decimal(), 123e15, "123000000000000000"],
  [t.decimal(), 1.5e19, "15000000000000000000"],
  [t.decimal(), 10n, "10"],
  [t.decimal({ scale: 2 }), "1.5000", "1.5"],
  [t.decimal({ scale: 0 }), "1.0", "1"],
  [t.decimal({ min: "-0.5", max: "0.5" }), "-0.50", "-0.5"],
  [t.boolean(), true, true],
  [t.boolean(), false, false],
  [t.enum(["a", "b"]), "b", "b"],
  [t.date(), "2024-02-29", "2024-02-29"],
  [t.date(), "0001-01-01", "0001-01-01"],
  [t.date({ min: "2026-01-01", max: "2026-12-31" }), "2026-12-31", "2026-12-31"],
  [t.dateTime(), "2026-01-31T09:30:00.000Z", "2026-01-31T09:30:00.000Z"],
  [t.dateTime(), "2026-01-31T09:30:00Z", "2026-01-31T09:30:00.000Z"],
  [t.dateTime(), "2026-01-31t09:30:00.5z", "2026-01-31T09:30:00.500Z"],
  [t.dateTime(), "2026-01-31T09:30:00.123456789Z", "2026-01-31T09:30:00.123Z"],
  [t.dateTime(), "2026-01-31T10:30:00+01:00", "2026-01-31T09:30:00.000Z"],
  [t.dateTime(), "2026-01-01T00:30:00.25+05:45", "2025-12-31T18:45:00.250Z"],
  [t.dateTime(), "2026-12-31T23:30:00-01:00", "2027-01-01T00:30:00.000Z"],
  [t.dateTime(), "2026-01-31T09:30:00-00:00", "2026-01-31T09:30:00.000Z"],
  [t.duration(), "P1DT2H", "P1DT2H"],
  [t.duration(), "P0Y01M0DT0H", "P1M"],
  [t.duration(), "PT0S", "PT0S"],
  [t.duration(), "P0D", "PT0S"],
  [t.duration(), "PT1.50S", "PT1.5S"],
  [t.duration(), "P2W", "P2W"],
  [t.duration(), "PT90M", "PT90M"],
  [t.email(), "ann.o'neil+x@mail.example.com", "ann.o'neil+x@mail.example.com"],
  [t.email(), "a@localhost", "a@localhost"],
  [t.url(), "https://example.com/a?b=c#d", "https://example.com/a?b=c#d"],
  [t.url(), "HTTP://[::1]:8080/", "HTTP://[::1]:8080/"],
  [t.phone(), "+43123456789", "+43123456789"],
  [t.currency(), "EUR", "EUR"],
  [t.country(), "AT", "AT"],
  [t.language(), "EN-us", "en-US"],
  [t.language(), "zh-Hant-TW", "zh-Hant-TW"],
  [t.json(), { a: [1, "x", null, { b: true }] }, { a: [1, "x", null, { b: true }] }],
  [t.json(), "text", "text"],
  [t.object({ city: t.string(), zip: t.string({ optional: true }) }), { city: "Wien" }, { city: "Wien", zip: null }],
  [t.array(t.integer()), [1, 2], [1, 2]],
  [t.array(t.integer({ optional: true })), [1, null], [1, null]],
  [t.array(t.money(), { minItems: 1, maxItems: 1 }), [5], [5n]],
  [t.binary(), "AQID", new Uint8Array([1, 2, 3])],
  [t.binary(), "AQ==", new Uint8Array([1])],
  [t.binary(), "", new Uint8Array()],
  [t.binary(), new Uint8Array([9]), new Uint8Array([9])],
  [t.id("acc"), id, id],
  [t.id("acc", { client: true }), uuid.toUpperCase(), uuid],
  [t.ref("accounts"), id, id],
  [t.ref("accounts"), "eur-2026_x", "eur-2026_x"],
];

/** Field, what is given, the code and the parameters of the issue. */
const bad: readonly (readonly [field: Field, given: unknown, code: string, params?: Record<string, unknown>])[] = [
  [t.string(), 5, "wrong_type", { expected: "string" }],
  [t.string(), ["x"], "wrong_type", { expected: "string" }],
  [t.string(), "a\nb", "bad_characters"],
  [t.string(), "a\u0085b", "bad_characters"],
  [t.string(), "a\u2028b", "bad_characters"],
  [t.string(), "a\0b", "bad_characters"],
  [t.string(), "a\ud800b", "bad_characters"],
  [t.string(), long(256), "too_long", { max: 255 }],
  [t.string({ maxLength: 2 }), "😀😀😀", "too_long", { max: 2 }],
  [t.string({ minLength: 2 }), "😀", "too_short", { min: 2 }],
  [t.string({ minLength: 1 }), "", "required"],
  [t.string({ pattern: "[a-z]+" }), "abC", "bad_format", { format: "pattern" }],
  [t.string({ pattern: "a|b" }), "ax", "bad_format", { format: "pattern" }],
  [t.text(), "a\u0001b", "bad_characters"],
  [t.text(), "a\0b", "bad_characters"],
  [t.text(), "\udc00", "bad_characters"],
  [t.text(), long(65_536), "too_long", { max: 65_535 }],
  [t.integer(), "7", "wrong_type", { expected: "integer" }],
  [t.integer(), true, "wrong_type", { expected: "integer" }],
  [t.integer(), Number.NaN, "wrong_type", { expected: "integer" }],
  [t.integer(), 1.5, "not_integer"],
  [t.integer({ min: 1, max: 9 }), 0.13, "not_integer"],
  [t.integer({ min: 1, max: 9 }), 9.5, "not_integer"],
  [t.integer({ min: 1, max: 9 }), Number.NEGATIVE_INFINITY, "too_small", { min: 1 }],
  [t.integer(), Number.POSITIVE_INFINITY, "too_large", { max: Number.MAX_SAFE_INTEGER }],
  [t.integer(), 2 ** 53, "too_large", { max: Number.MAX_SAFE_INTEGER }],
  [t.integer(), -(2n ** 70n), "too_small", { min: Number.MIN_SAFE_INTEGER }],
  [t.integer({ min: 1 }), 0, "too_small", { min: 1 }],
  [t.integer({ max: 3 }), 4, "too_large", { max: 3 }],
  [t.money(), 12.5, "not_integer"],
  [t.money(), "12.50", "not_integer"],
  [t.money(), "12,50", "bad_format", { format: "money" }],
  [t.money(), "007", "bad_format", { format: "money" }],
  [t.money(), "", "bad_format", { format: "money" }],
  [t.money(), Number.NaN, "wrong_type", { expected: "integer" }],
  [t.money(), 2 ** 53, "not_integer"],
  [t.money(), 1e30, "too_large", { max: "9223372036854775807" }],
  [t.money(), Number.NEGATIVE_INFINITY, "too_small", { min: "-9223372036854775808" }],
  [t.money(), "9223372036854775808", "too_large", { max: "9223372036854775807" }],
  [t.money(), long(3).replaceAll("x", "99999999999999999999999999999999999"), "bad_format", { format: "money" }],
  [t.money({ min: 1n }), 0, "too_small", { min: 1 }],
  [t.decimal(), "1e5", "bad_format", { format: "decimal" }],
  [t.decimal(), "1.", "bad_format", { format: "decimal" }],
  [t.decimal(), "+1", "bad_format", { format: "decimal" }],
  [t.decimal(), Number.NaN, "wrong_type", { expected: "number" }],
  [t.decimal(), Number.POSITIVE_INFINITY, "too_large"],
  [t.decimal(), "123456789012345678901", "too_large"],
  [t.decimal(), "-123456789012345678901", "too_small"],
  [t.decimal(), 5e-324, "too_precise", { scale: 9 }],
  [t.decimal({ scale: 2 }), "1.255", "too_precise", { scale: 2 }],
  [t.decimal({ min: "1" }), "0.99", "too_small", { min: "1" }],
  [t.decimal({ max: "-1" }), "-0.99", "too_large", { max: "-1" }],
  [t.boolean(), "true", "wrong_type", { expected: "boolean" }],
  [t.boolean(), 1, "wrong_type", { expected: "boolean" }],
  [t.enum(["a", "b"]), "c", "not_in_list", { values: "a, b" }],
  [t.enum(["a", "b"]), "toString", "not_in_list", { values: "a, b" }],
  [t.date(), "2026-02-30", "bad_format", { format: "date" }],
  [t.date(), "2025-02-29", "bad_format", { format: "date" }],
  [t.date(), "1900-02-29", "bad_format", { format: "date" }],
  [t.date(), "2026-13-01", "bad_format", { format: "date" }],
  [t.date(), "0000-01-01", "bad_format", { format: "date" }],
  [t.date(), "2026-1-1", "bad_format", { format: "date" }],
  [t.date(), "2026-01-01T00:00:00Z", "bad_format", { format: "date" }],
  [t.date(), "２０２６-01-01", "bad_format", { format: "date" }],
  [t.date({ min: "2026-01-01" }), "2025-12-31", "too_early", { min: "2026-01-01" }],
  [t.date({ max: "2026-01-01" }), "2026-01-02", "too_late", { max: "2026-01-01" }],
  [t.dateTime(), "2026-01-31 09:30:00Z", "bad_format", { format: "dateTime" }],
  [t.dateTime(), "2026-01-31T09:30:00", "bad_format", { format: "dateTime" }],
  [t.dateTime(), "2026-01-31T09:30Z", "bad_format", { format: "dateTime" }],
  [t.dateTime(), "2016-12-31T23:59:60Z", "bad_format", { format: "dateTime" }],
  [t.dateTime(), "2026-01-31T24:00:00Z", "bad_format", { format: "dateTime" }],
  [t.dateTime(), "2026-02-30T09:30:00Z", "bad_format", { format: "dateTime" }],
  [t.dateTime(), "2026-01-31T09:30:00.Z", "bad_format", { format: "dateTime" }],
  [t.dateTime(), "2026-01-31T09:30:00+24:00", "bad_format", { format: "dateTime" }],
  [t.dateTime(), "2026-01-31T09:30:00+0100", "bad_format", { format: "dateTime" }],
  [t.dateTime(), "2026-01-31T09:30:00Z[Europe/Vienna]", "bad_format", { format: "dateTime" }],
  [t.dateTime(), "0001-01-01T00:00:00+01:00", "bad_format", { format: "dateTime" }],
  [t.dateTime(), "9999-12-31T23:59:59-01:00", "bad_format", { format: "dateTime" }],
  [t.dateTime(), 1_700_000_000, "wrong_type", { expected: "string" }],
  [t.duration(), "P", "bad_format", { format: "duration" }],
  [t.duration(), "PT", "bad_format", { format: "duration" }],
  [t.duration(), "P1S", "bad_format", { format: "duration" }],
  [t.duration(), "P1D2Y", "bad_format", { format: "duration" }],
  [t.duration(), "P1.5D", "bad_format", { format: "duration" }],
  [t.duration(), "-P1D", "bad_format", { format: "duration" }],
  [t.email(), "", "required"],
  [t.email(), "ann", "bad_format", { format: "email" }],
  [t.email(), "ann@", "bad_format", { format: "email" }],
  [t.email(), "ann@-x.com", "bad_format", { format: "email" }],
  [t.email(), "a b@x.com", "bad_format", { format: "email" }],
  [t.email(), "ann@x.com\n", "bad_characters"],
  [t.email(), `${long(65)}@x.com`, "bad_format", { format: "email" }],
  [t.email(), `a@${long(60)}.${long(60)}.${long(60)}.${long(60)}.${long(20)}`, "too_long", { max: 254 }],
  [t.url(), "example.com", "bad_format", { format: "url" }],
  [t.url(), "ftp://example.com", "bad_format", { format: "url" }],
  [t.url(), "javascript:alert(1)", "bad_format", { format: "url" }],
  [t.url(), "https://ann:pw@example.com", "bad_format", { format: "url" }],
  [t.url(), "https:example.com", "bad_format", { format: "url" }],
  [t.url(), "https://exa mple.com", "bad_format", { format: "url" }],
  [t.url(), "https://example.com:99999/", "bad_format", { format: "url" }],
  [t.url(), "https://exämple.com/", "bad_format", { format: "url" }],
  [t.phone(), "0043 1 234", "bad_format", { format: "phone" }],
  [t.phone(), "+4312345678901234", "bad_format", { format: "phone" }],
  [t.currency(), "eur", "bad_format", { format: "currency" }],
  [t.currency(), "DEM", "bad_format", { format: "currency" }],
  [t.currency(), "", "required"],
  [t.country(), "XX", "bad_format", { format: "country" }],
  [t.country(), "UK", "bad_format", { format: "country" }],
  [t.language(), "english language", "bad_format", { format: "language" }],
  [t.language(), "en--US", "bad_format", { format: "language" }],
  [t.language(), "en-a", "bad_format", { format: "language" }],
  [t.json(), 5n, "too_large", { max: Number.MAX_SAFE_INTEGER }],
  [t.json(), { a: Number.POSITIVE_INFINITY }, "wrong_type", { expected: "json" }],
  [t.json(), [new Uint8Array(1)], "wrong_type", { expected: "json" }],
  [t.json(), [undefined], "wrong_type", { expected: "json" }],
  [t.json(), { a: "x\0" }, "bad_characters"],
  [t.json(), { "\ud800": 1 }, "bad_characters"],
  [t.json(), JSON.parse('{"__proto__":{"admin":true}}'), "bad_characters"],
  [t.json(), JSON.parse("[".repeat(33) + "]".repeat(33)), "too_deep", { max: 32 }],
  [t.json(), Array.from({ length: 10_000 }, () => 1), "too_many", { max: 10_000 }],
  [t.json(), [long(262_145)], "too_long", { max: 262_144 }],
  [t.object({ city: t.string() }), "Wien", "wrong_type", { expected: "object" }],
  [t.object({ city: t.string() }), [], "wrong_type", { expected: "object" }],
  [t.object({ city: t.string() }), new Uint8Array(1), "wrong_type", { expected: "object" }],
  [t.array(t.integer()), 1, "wrong_type", { expected: "list" }],
  [t.array(t.integer(), { minItems: 1 }), [], "required"],
  [t.array(t.integer(), { minItems: 2 }), [1], "too_few", { min: 2 }],
  [t.array(t.integer(), { maxItems: 2 }), [1, 2, 3], "too_many", { max: 2 }],
  [t.array(t.integer()), Array.from({ length: 1_001 }, () => 1), "too_many", { max: 1_000 }],
  [t.binary(), "AQI", "bad_format", { format: "base64" }],
  [t.binary(), "AQ=A", "bad_format", { format: "base64" }],
  [t.binary(), "AR==", "bad_format", { format: "base64" }],
  [t.binary(), "AQ_-", "bad_format", { format: "base64" }],
  [t.binary(), "AQ\n==", "bad_format", { format: "base64" }],
  [t.binary({ maxBytes: 2 }), "AQID", "too_many_bytes", { max: 2 }],
  [t.binary({ maxBytes: 2 }), new Uint8Array(3), "too_many_bytes", { max: 2 }],
  [t.binary(), 5, "wrong_type", { expected: "binary" }],
  [t.id("acc"), "acc_1", "bad_format", { format: "id" }],
  [t.id("acc"), id.replace("acc", "cus"), "bad_format", { format: "id" }],
  [t.id("acc"), id.toLowerCase(), "bad_format", { format: "id" }],
  [t.id("acc"), id.replace("01J", "81J"), "bad_format", { format: "id" }],
  [t.id("acc"), id.replace("K", "U"), "bad_format", { format: "id" }],
  [t.id("acc"), uuid, "bad_format", { format: "id" }],
  [t.id("acc"), 5, "wrong_type", { expected: "string" }],
  [t.ref("accounts"), "a/b", "bad_format", { format: "reference" }],
  [t.ref("accounts"), long(65), "bad_format", { format: "reference" }],
  [t.ref("accounts"), "", "required"],
];

/** Values as text has them. */
const asText: readonly (readonly [field: Field, given: unknown, value: Value | { refused: string }])[] = [
  [t.integer(), "7", 7],
  [t.integer(), "-0", 0],
  [t.integer(), "1.5", { refused: "not_integer" }],
  [t.integer(), "9007199254740992", { refused: "too_large" }],
  [t.integer(), " 7", { refused: "wrong_type" }],
  [t.integer(), "0x10", { refused: "wrong_type" }],
  [t.integer(), "1e3", { refused: "wrong_type" }],
  [t.integer(), "", { refused: "wrong_type" }],
  [t.money(), "12", 12n],
  [t.decimal(), "12.5", "12.5"],
  [t.boolean(), "true", true],
  [t.boolean(), "0", false],
  [t.boolean(), "yes", { refused: "wrong_type" }],
  [t.array(t.integer()), "7", [7]],
  [t.array(t.integer()), "", []],
  [t.array(t.integer()), ["7", "8"], [7, 8]],
  [t.json(), "7", "7"],
  [t.string(), "7", "7"],
];

/** A row's title: `integer {"min":1} 0`. */
const titled = (field: Field, given: unknown): string => {
  const shown = JSON.stringify([field.options, given], (_, value: unknown) => (typeof value === "bigint" ? `${value}n` : value));
  return `${field.kind} ${shown.slice(1, 80)}`;
};

describe("accepted", () => {
  test.each(good.map(([field, given, value]) => ({ title: titled(field, given), field, given, value })))(
    "$title",
    ({ field, given, value }) => {
      expect(compileRead(field)(given, false)).toEqual(value);
    },
  );
});

describe("refused", () => {
  const rows = bad.map(([field, given, code, params]) => ({ title: titled(field, given), field, given, code, params }));
  test.each(rows)("$title: $code", ({ field, given, code, params }) => {
    const refused = compileRead(field)(given, false);
    if (!(refused instanceof Refused)) throw new Error(`accepted as ${Bun.inspect(refused)}`);
    const [path, issue] = refused.found[0]!;
    expect(path).toBe("");
    expect(issue.code).toBe(code);
    if (params !== undefined) expect(issue.params).toEqual(params as never);
  });
});

describe("as text", () => {
  test.each(asText.map(([field, given, value]) => ({ title: titled(field, given), field, given, value })))(
    "$title",
    ({ field, given, value }) => {
      const read = compileRead(field)(given, true);
      if (read instanceof Refused) expect({ refused: read.found[0]![1].code }).toEqual(value as never);
      else expect(read).toEqual(value as never);
    },
  );
});

describe("values to compare with", () => {
  test("need not be within the field's bounds", () => {
    expect(compileValue(t.integer({ min: 0 }))("-5", true)).toEqual({ ok: true, value: -5 });
    expect(compileValue(t.decimal({ scale: 2, max: "9" }))("10.125", true)).toEqual({ ok: true, value: "10.125" });
    expect(compileValue(t.string({ minLength: 3, pattern: "[a-z]+" }))("A", false)).toEqual({ ok: true, value: "A" });
    expect(compileValue(t.date({ min: "2026-01-01" }))("2020-01-01", false)).toEqual({ ok: true, value: "2020-01-01" });
  });
  test("must have the field's type and form", () => {
    expect(compileValue(t.integer())("x", true)).toEqual({
      ok: false,
      issue: { code: "wrong_type", params: { expected: "integer" } },
    });
    expect(compileValue(t.enum(["a"]))("b", true)).toMatchObject({ ok: false, issue: { code: "not_in_list" } });
  });
  test("are null only for an optional field", () => {
    expect(compileValue(t.date({ optional: true }))(null, false)).toEqual({ ok: true, value: null });
    expect(compileValue(t.date())(null, false)).toEqual({ ok: false, issue: { code: "required" } });
    expect(compileValue(t.date())(undefined, false)).toEqual({ ok: false, issue: { code: "required" } });
  });
  test("that are part of a value are any string", () => {
    expect(compileValue(t.email(), "part")("@example", true)).toEqual({ ok: true, value: "@example" });
    expect(compileValue(t.email(), "part")("", true)).toEqual({ ok: false, issue: { code: "required" } });
  });
});

test("an unsafe pattern does not compile", () => {
  expect(() => compileRead(t.string({ pattern: "(a+)+" }))).toThrow('pattern "(a+)+": can match one text in many ways');
});

test("bytes are copied, so that the body's buffer can go", () => {
  const body = new Uint8Array([1, 2, 3, 4]);
  const read = compileRead(t.binary())(body.subarray(1, 3), false) as Uint8Array;
  body.fill(0);
  expect([...read]).toEqual([2, 3]);
  expect(read.buffer.byteLength).toBe(2);
});
