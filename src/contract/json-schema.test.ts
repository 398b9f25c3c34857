import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import Schema from "typebox/schema";
import { type Field, type Fields, t } from "../define/field.ts";
import { compileFields, compilePresent } from "./values/fields.ts";
import { Refused } from "./values/refused.ts";
import { compileRead } from "./values/value.ts";
import { exampleOf, fieldSchema, fieldsSchema } from "./json-schema.ts";

const id = "acc_01JQZ8M3T9XK4W7B2N5C6D8FGH";
const uuid = "018f4c2e-7b1a-7c3d-9e5f-0a1b2c3d4e5f";

/** Whether the acceptor takes a field's value; with the codes of what it found. */
const codesOf = (field: Field, value: unknown): readonly string[] => {
  if (value === null) return field.options.optional === true ? [] : ["required"];
  const read = compileRead(field)(value, false);
  return read instanceof Refused ? read.found.map(([, issue]) => issue.code) : [];
};

const schemaTakes = (field: Field, value: unknown): boolean => Schema.Check(fieldSchema(field, { direction: "input" }), value);

/** Where JSON Schema cannot say what the acceptor checks (it takes more), or a validator's format asks for more (it takes less). */
const deviations: readonly {
  readonly field: Field;
  readonly value: unknown;
  readonly schema: "takes more" | "takes less";
  readonly reason: string;
}[] = [
  {
    field: t.string(),
    value: "a\u0007",
    schema: "takes more",
    reason: "a pattern against control characters at every string would hide what matters",
  },
  { field: t.text(), value: "a\0", schema: "takes more", reason: "the same for NUL and halves of surrogate pairs" },
  {
    field: t.money(),
    value: "9223372036854775808",
    schema: "takes more",
    reason: "bounds hold for numbers, not for strings of digits",
  },
  { field: t.money({ min: 1n }), value: "0", schema: "takes more", reason: "the same" },
  { field: t.decimal({ max: "1" }), value: "2", schema: "takes more", reason: "the same" },
  { field: t.decimal({ scale: 2 }), value: 1.255, schema: "takes more", reason: "multipleOf is inexact on binary fractions" },
  { field: t.date(), value: "0000-01-01", schema: "takes more", reason: "format date has a year 0000, Postgres has none" },
  {
    field: t.date({ min: "2026-01-01" }),
    value: "2025-12-31",
    schema: "takes more",
    reason: "there is no bound for dates in JSON Schema",
  },
  { field: t.dateTime(), value: "0001-01-01T00:00:00+01:00", schema: "takes more", reason: "in UTC it lies before year 0001" },
  { field: t.currency(), value: "ABC", schema: "takes more", reason: "the list would be repeated at every field" },
  { field: t.country(), value: "XX", schema: "takes more", reason: "the same" },
  { field: t.language(), value: "en-a", schema: "takes more", reason: "BCP 47's grammar is too large for a pattern" },
  { field: t.url(), value: "https://a:99999", schema: "takes more", reason: "ports, hosts and escapes are for the URL parser" },
  { field: t.json(), value: ["a\0"], schema: "takes more", reason: "what lies within a free value is not described" },
  { field: t.binary(), value: "AR==", schema: "takes more", reason: "unused bits have to be zero" },
  { field: t.binary({ maxBytes: 2 }), value: "AQID", schema: "takes more", reason: "base64 counts in threes" },
  {
    field: t.email(),
    value: "a..b@example.com",
    schema: "takes less",
    reason: "the WHATWG rule takes dots anywhere, RFC 5321 does not",
  },
];

describe("what JSON Schema cannot say", () => {
  test.each(deviations.map((row) => ({ ...row, title: `${row.field.kind} ${JSON.stringify(row.value)}` })))(
    "$title: $reason",
    ({ field, value, schema }) => {
      expect(schemaTakes(field, value)).toBe(schema === "takes more");
      expect(codesOf(field, value).length > 0).toBe(schema === "takes more");
    },
  );
});

/** Codes that the acceptor may give where the schema takes the value; from the list above. */
const beyondSchema: Readonly<Partial<Record<Field["kind"], readonly string[]>>> = {
  string: ["bad_characters"],
  text: ["bad_characters"],
  email: ["bad_characters"],
  money: ["too_small", "too_large"],
  decimal: ["too_small", "too_large", "too_precise"],
  date: ["bad_format", "too_early", "too_late"],
  dateTime: ["bad_format"],
  currency: ["bad_format"],
  country: ["bad_format"],
  language: ["bad_format"],
  url: ["bad_format"],
  json: ["bad_characters", "too_long", "too_deep", "too_many", "too_large"],
  binary: ["bad_format", "too_many_bytes"],
};

/** Whether a difference at this value is one of those listed. */
const isListed = (field: Field, value: unknown, codes: readonly string[]): boolean => {
  if (codes.length === 0) return field.kind === "email";
  const known = beyondSchema[field.kind] ?? [];
  if (!codes.every((code) => known.includes(code))) return false;
  if (field.kind === "money") return typeof value === "string";
  if (field.kind === "decimal") return typeof value === "string" ? !codes.includes("too_precise") : true;
  if (field.kind === "date") return typeof value === "string" && (value.startsWith("0000") || !codes.includes("bad_format"));
  if (field.kind === "dateTime") return typeof value === "string" && /^(?:0000|0001-01-01|9999-12-31)/.test(value);
  return true;
};

const bounded = fc.tuple(fc.integer({ min: -50, max: 50 }), fc.integer({ min: 0, max: 50 }));
const lengths = fc.tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 8 }));

const scalar: fc.Arbitrary<Field> = fc.boolean().chain((optional) =>
  fc.oneof(
    lengths.map(([minLength, more]) => t.string({ optional, minLength, maxLength: minLength + more }) as Field),
    fc
      .constantFrom("[a-z]+(?:-[a-z]+)*", "[A-Z]{2}[0-9]{2}", "a|bc?", "\\p{L}{1,3}")
      .map((pattern) => t.string({ optional, pattern }) as Field),
    lengths.map(([minLength, more]) => t.text({ optional, minLength, maxLength: minLength + more }) as Field),
    bounded.map(([min, more]) => t.integer({ optional, min, max: min + more }) as Field),
    bounded.map(([min, more]) => t.money({ optional, min: BigInt(min), max: BigInt(min + more) }) as Field),
    fc.integer({ min: 0, max: 18 }).map((scale) => t.decimal({ optional, scale }) as Field),
    bounded.map(([min, more]) => t.decimal({ optional, min: `${min}.5`, max: `${min + more + 1}` }) as Field),
    fc.constantFrom<Field>(
      t.integer({ optional }),
      t.money({ optional }),
      t.decimal({ optional }),
      t.boolean({ optional }),
      t.enum(["a", "bc", "😀"], { optional }),
      t.date({ optional }),
      t.dateTime({ optional }),
      t.duration({ optional }),
      t.email({ optional }),
      t.url({ optional }),
      t.phone({ optional }),
      t.currency({ optional }),
      t.country({ optional }),
      t.language({ optional }),
      t.json({ optional }),
      t.binary({ optional, maxBytes: 6 }),
      t.id("acc", { optional }),
      t.id("acc", { optional, client: true }),
      t.ref("accounts", { optional }),
    ),
  ),
);

const pad = (number: number, digits = 2): string => String(number).padStart(digits, "0");
const dates = fc
  .tuple(fc.constantFrom(0, 1, 1900, 2000, 2024, 2026, 9999), fc.integer({ min: 0, max: 13 }), fc.integer({ min: 0, max: 32 }))
  .map(([year, month, day]) => `${pad(year, 4)}-${pad(month)}-${pad(day)}`);
const times = fc
  .tuple(
    dates,
    fc.constantFrom("T", "t", " "),
    fc.integer({ min: 0, max: 24 }),
    fc.integer({ min: 0, max: 60 }),
    fc.constantFrom("", ".5", ".", ".123456"),
    fc.constantFrom("Z", "z", "+01:00", "-23:59", "+24:00", "+1:00", ""),
  )
  .map(([date, t, hour, minute, fraction, zone]) => `${date}${t}${pad(hour)}:${pad(minute)}:${pad(minute)}${fraction}${zone}`);
const durations = fc
  .tuple(fc.subarray(["1Y", "02M", "3W", "0D"]), fc.subarray(["T", "4H", "5M", "6.5S"]))
  .map(([days, clock]) => `P${days.join("")}${clock.join("")}`);
const decimals = fc
  .tuple(
    fc.constantFrom("", "-", "+"),
    fc.stringMatching(/^[0-9]{0,22}$/),
    fc.constantFrom("", "."),
    fc.stringMatching(/^[0-9]{0,12}0{0,12}$/),
  )
  .map((parts) => parts.join(""));
const texts = fc.oneof(
  fc.string({ unit: "grapheme-ascii", maxLength: 10 }),
  fc.stringMatching(/^[a-c-]{0,9}$/),
  fc.stringMatching(/^[A-Z]{1,3}[0-9]{0,3}$/),
  fc.array(fc.constantFrom("😀", "a", "é"), { maxLength: 8 }).map((parts) => parts.join("")),
);
const standards = fc.constantFrom(
  id,
  id.toLowerCase(),
  uuid,
  "ann@example.com",
  "a@b",
  "a@-b",
  "https://example.com/a?b#c",
  "http://a b",
  "https://u:p@x.y/",
  "+43123456789",
  "+1",
  "EUR",
  "eur",
  "AT",
  "de",
  "de-AT",
  "sr-Latn-RS",
  "AQ==",
  "AQI=",
  "AQID",
  "AQIDBA==",
  "AQIDBAUGBwg=",
  "a\u0007b",
  "",
);
const numbers = fc.oneof(
  fc.integer({ min: -120, max: 120 }),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.maxSafeInteger(),
  fc.integer({ min: -200, max: 200 }).map((n) => n / 8),
);
const values: fc.Arbitrary<unknown> = fc.oneof(
  dates,
  times,
  durations,
  decimals,
  texts,
  standards,
  numbers,
  fc.constant(null),
  fc.boolean(),
  fc.jsonValue({ maxDepth: 3 }),
);

test("the acceptor and the schema agree on every value, but for the list", () => {
  fc.assert(
    fc.property(scalar, values, (field, value) => {
      const codes = codesOf(field, value);
      if (schemaTakes(field, value) === (codes.length === 0)) return;
      if (!isListed(field, value, codes))
        throw new Error(`schema ${codes.length === 0 ? "refuses" : "takes"}, acceptor: ${codes.join() || "takes"}`);
    }),
    { numRuns: 20_000 },
  );
});

test("every kind is taken by both, and refused by both, often enough for that to mean something", () => {
  const counts = new Map<string, { both: number; neither: number }>();
  for (const [field, value] of fc.sample(fc.tuple(scalar, values), { numRuns: 40_000, seed: 7 })) {
    const count = counts.get(field.kind) ?? { both: 0, neither: 0 };
    const codes = codesOf(field, value);
    if (schemaTakes(field, value) === (codes.length === 0)) count[codes.length === 0 ? "both" : "neither"]++;
    counts.set(field.kind, count);
  }
  expect(counts.size).toBe(20);
  for (const [kind, { both, neither }] of counts)
    expect({ kind, both: both >= 5, neither: neither >= 5 }).toEqual({ kind, both: true, neither: true });
});

/** Objects and lists of fields whose values have no deviations, so that both must agree to the letter. */
const exact: fc.Arbitrary<Field> = fc
  .boolean()
  .chain((optional) =>
    fc.constantFrom<Field>(
      t.integer({ optional, min: 0 }),
      t.boolean({ optional }),
      t.enum(["a", "b"], { optional }),
      t.duration({ optional }),
      t.phone({ optional }),
    ),
  );
const exactFields = (item: fc.Arbitrary<Field>): fc.Arbitrary<Fields> =>
  fc.dictionary(fc.constantFrom("a", "b", "c", "d"), item, { maxKeys: 4 });
const nested: fc.Arbitrary<Field> = fc.oneof(
  exact,
  fc.tuple(exact, lengths).map(([item, [minItems, more]]) => t.array(item, { minItems, maxItems: minItems + more })),
  exactFields(exact).map((fields) => t.object(fields)),
);
const pieces = fc.constantFrom<unknown>(
  0,
  1,
  -1,
  true,
  "a",
  "b",
  "P1D",
  "+43123456789",
  null,
  [0, 1],
  ["a"],
  [true, null],
  {},
  { a: 1 },
  { a: true, b: "a" },
  { a: null },
);

test("bodies of nested fields: agreement to the letter, partial or whole", () => {
  fc.assert(
    fc.property(
      exactFields(nested),
      fc.dictionary(fc.constantFrom("a", "b", "c", "d", "toString"), pieces),
      fc.boolean(),
      (fields, body, partial) => {
        const required = new Set(partial ? [] : Object.keys(fields).filter((name) => fields[name]?.options.optional !== true));
        const accepted = compileFields(fields, { required, partial, defaults: true, unknown: "refuse" })(body, false).ok;
        expect(Schema.Check(fieldsSchema(fields, { direction: "input", required, partial }), body)).toBe(accepted);
      },
    ),
    { numRuns: 10_000 },
  );
});

test("examples meet their own schemas, input and output, and are accepted", () => {
  fc.assert(
    fc.property(scalar, (field) => {
      const example = exampleOf(field, { name: "someName" });
      if (example === undefined) return;
      expect({ example, codes: codesOf(field, example) }).toEqual({ example, codes: [] });
      expect(schemaTakes(field, example)).toBe(true);
      expect(Schema.Check(fieldSchema(field, { direction: "output" }), example)).toBe(true);
      expect(exampleOf(field, { name: "someName" })).toEqual(example);
    }),
    { numRuns: 2_000 },
  );
});

test("what was accepted is presented as the output schema says", () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.constantFrom("a", "b", "c"), scalar),
      fc.array(values, { minLength: 3, maxLength: 3 }),
      (fields, given) => {
        const body = Object.fromEntries(Object.keys(fields).map((name, index) => [name, given[index]]));
        const accepted = compileFields(fields, { required: new Set(), partial: false, defaults: true, unknown: "refuse" })(
          body,
          false,
        );
        if (!accepted.ok || Object.values(fields).some((field) => field.kind === "email")) return;
        expect(Schema.Check(fieldsSchema(fields, { direction: "output" }), compilePresent(fields)(accepted.value))).toBe(true);
      },
    ),
    { numRuns: 5_000 },
  );
});

test("the schema of a create, shown literally", () => {
  const fields = {
    id: t.id("acc", { client: true, doc: "Chosen by the client or made." }),
    customer: t.ref("customers", { doc: "Who holds it." }),
    name: t.string({ minLength: 1, maxLength: 100 }),
    limit: t.money({ min: 0n, default: 0n }),
    kind: t.enum(["current", "savings"], { optional: true }),
  } satisfies Fields;
  const prefixOf = (resource: string): string | undefined => (resource === "customers" ? "cus" : undefined);
  expect(fieldsSchema(fields, { direction: "input", required: new Set(["customer", "name"]), prefixOf })).toEqual({
    type: "object",
    properties: {
      id: {
        type: "string",
        pattern:
          "^acc_[0-7][0-9A-HJKMNP-TV-Z]{25}$|^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$",
        description: "Chosen by the client or made.",
        examples: [id],
      },
      customer: {
        type: "string",
        pattern: "^[A-Za-z0-9_-]{1,64}$",
        description: "Who holds it.",
        examples: ["cus_01JQZ8M3T9XK4W7B2N5C6D8FGH"],
      },
      name: { type: "string", minLength: 1, maxLength: 100, examples: ["Name"] },
      limit: {
        type: ["integer", "string"],
        minimum: 0,
        maximum: 9_007_199_254_740_991,
        pattern: "^-?(?:0|[1-9][0-9]{0,18})$",
        description: "Whole minor units of the currency; a string of digits beyond 2^53−1.",
        default: 0,
        examples: [12_500],
      },
      kind: { type: ["string", "null"], enum: ["current", "savings", null], examples: ["current"] },
    },
    required: ["customer", "name"],
    additionalProperties: false,
  });
});

test("the schema of an answer: all fields, masked and restricted ones as they are seen", () => {
  const schema = fieldsSchema(
    {
      id: t.id("cus"),
      iban: t.string({ pattern: "[A-Z]{2}[0-9]{2}[A-Z0-9]{1,30}", read: ["teller"], mask: "last4" }),
      note: t.text({ read: ["teller"] }),
      secret: t.string({ read: [] }),
      version: t.integer({ set: "version" }),
    },
    { direction: "output" },
  );
  const { iban, secret, version } = schema["properties"] as Record<string, Record<string, unknown>>;
  expect(schema["required"]).toEqual(["id", "iban", "version"]);
  expect(schema["additionalProperties"]).toBeUndefined();
  expect(secret).toBeUndefined();
  expect(version?.["readOnly"]).toBe(true);
  expect(iban?.["anyOf"]).toBeArrayOfSize(2);
  expect(Schema.Check(schema, { id: id.replace("acc", "cus"), iban: "••••1234", version: 1 })).toBe(true);
});
