/**
 * Values by type: what a field may be, and what it may not. Numbers that JavaScript cannot hold stand as raw JSON (`JSON.rawJSON`), so values are sent
 * with `JSON.stringify` and nothing else.
 */
import fc from "fast-check";
import type { Field, Fields } from "../../src/define/field.ts";
import type { Harvest } from "./harvest.ts";

/** A number as it is written, beyond what a double holds. */
const raw = (text: string): unknown => (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(text);

const numbers = [
  "0",
  "-0",
  "1",
  "-1",
  "1.0",
  "1.5",
  "-0.5",
  "1e0",
  "1E2",
  "1e400",
  "-1e400",
  "1e-400",
  "9007199254740991",
  "9007199254740992",
  "9007199254740993",
  "9223372036854775807",
  "9223372036854775808",
  "-9223372036854775808",
  "-9223372036854775809",
  "18446744073709551616",
  "123456789012345678901234567890",
  "0.1",
  "0.30000000000000004",
  "1e15",
  "1e19",
  "100000000000000000",
  "2147483648",
];

/** Texts that end, begin or escape something somewhere. */
export const hostileTexts: readonly string[] = [
  "",
  " ",
  "\t",
  "\n",
  "\r\n",
  "\0",
  "a\0b",
  "\u0007",
  "\u001b[31m",
  "\u200b",
  "\u202e",
  "\ufeff",
  "\uffff",
  "\ud800",
  "\udc00\ud800",
  "\u{1f4a9}",
  "e\u0301",
  "ﬁ",
  "ǅ",
  "İ",
  "ß",
  "１２３",
  "١٢٣",
  "'",
  "''",
  '"',
  "`",
  "\\",
  "%",
  "_",
  "%%",
  "%s%n",
  "$1",
  "?",
  ":1",
  "@p",
  "{}",
  "{a.data.id}",
  "{{a.data.id}}",
  "${x}",
  "#{x}",
  "<%= x %>",
  "<script>alert(1)</script>",
  "]]>",
  "<!--",
  "&amp;",
  "&#0;",
  "' OR '1'='1",
  "' OR 1=1 --",
  '" OR ""="',
  "'; drop table customers; --",
  "1; select pg_sleep(5)",
  "' union select null,null --",
  "') or ('a'='a",
  "\\' or 1=1 #",
  "1' and sleep(5)#",
  "admin'--",
  "' || (1) || '",
  "x' ILIKE '%",
  "$$; select 1; $$",
  "\\x27",
  "0x27",
  "/**/or/**/1=1",
  "';vacuum;--",
  '" --',
  "e'\\'' or 1=1",
  "=1+1",
  "@sum(1)",
  "+1",
  "-1",
  "../../../etc",
  "..\\..\\x",
  "C:\\x",
  "/dev/null",
  "a\r\nX-Injected: 1",
  "%0d%0aX-Injected: 1",
  "null",
  "undefined",
  "NaN",
  "Infinity",
  "true",
  "[]",
  "__proto__",
  "constructor",
  "toString",
  "1970-01-01",
  "2025-02-30",
  "9999-12-31T23:59:60Z",
  "0000-00-00T00:00:00Z",
  "2025-01-01T00:00:00+25:00",
  "P",
  "PT",
  "a@b",
  "a@b@c",
  "javascript:alert(1)",
  "http://",
  "https://[::1",
  "+0",
  "EUR ",
  "eur",
  "ZZ",
  "a".repeat(256),
  "a".repeat(5_001),
  "é".repeat(300),
  "9".repeat(400),
  "1,00",
  "1_000",
  "0x1F",
  "1e3",
];

const nested = (depth: number): unknown => Array.from({ length: depth }).reduce((inner: unknown) => ({ a: [inner] }), 1);

/** Anything but what was asked for. */
export const hostileValue: fc.Arbitrary<unknown> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom<unknown>(
      null,
      true,
      false,
      {},
      [],
      [[]],
      [null],
      { $gt: "" },
      { toString: 1 },
      nested(3),
      nested(28),
    ),
  },
  { weight: 3, arbitrary: fc.constantFrom(...numbers).map(raw) },
  { weight: 5, arbitrary: fc.constantFrom(...hostileTexts) },
  { weight: 1, arbitrary: fc.constantFrom(...hostileTexts).map((text) => [text]) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom(
        '{"__proto__":{"isAdmin":true}}',
        '{"constructor":{"prototype":{"isAdmin":true}}}',
        '{"a":{"__proto__":null}}',
      )
      .map((text) => JSON.parse(text) as unknown),
  },
  { weight: 1, arbitrary: fc.constantFrom(11, 1_001, 10_001).map((length) => Array.from({ length }, (_, index) => index)) },
  { weight: 1, arbitrary: fc.json({ maxDepth: 4 }).map((text) => JSON.parse(text) as unknown) },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 20 }) },
);

const moments = [
  "2025-01-15T10:30:00Z",
  "2025-06-30T23:59:59.999+02:00",
  "1970-01-01T00:00:00.000Z",
  "0001-01-01T00:00:00Z",
  "9999-12-31T23:59:59.999Z",
];
const money = [
  "1",
  "100",
  "0",
  "-1",
  "9007199254740993",
  '"9007199254740993"',
  "9223372036854775807",
  "-9223372036854775808",
  '"1"',
];

/** A value that the field takes, by its kind; ranges and patterns are not looked at, so some are refused after all. */
export const goodValue = (field: Field, harvest: Harvest, service: string): fc.Arbitrary<unknown> => {
  const all = [...harvest.ids.values()].flat();
  switch (field.kind) {
    case "id":
      return fc.oneof(fc.uuid({ version: 7 }), fc.constantFrom(...all));
    case "ref":
      return fc.constantFrom(...(harvest.ids.get(`${service}.${field.target ?? ""}`) ?? all));
    case "string":
    case "text":
      return fc.oneof(
        fc.string({ minLength: 1, maxLength: 20 }),
        fc.constantFrom("AB-12", "Reis & Söhne", "Ωmega", "x"),
        fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 }),
      );
    case "integer":
      return fc.oneof(
        fc.integer({ min: -5, max: 5 }),
        fc.constantFrom(9_007_199_254_740_991, -9_007_199_254_740_991, 2_147_483_648),
      );
    case "money":
      return fc.constantFrom(...money).map(raw);
    case "decimal":
      return fc.constantFrom<unknown>("12.5", "0", "-0.0001", 1.25, "99999999999999999999.9999", "1.50");
    case "boolean":
      return fc.boolean();
    case "enum":
      return fc.constantFrom(...(field.values ?? []));
    case "date":
      return fc.constantFrom("2025-01-31", "0001-01-01", "9999-12-31", "2024-02-29");
    case "dateTime":
      return fc.constantFrom(...moments);
    case "duration":
      return fc.constantFrom("P1DT2H", "PT0S", "P1Y", "PT1.5S", "P999999999D");
    case "email":
      return fc.nat().map((number) => `fuzz.${number}@example.com`);
    case "url":
      return fc.constantFrom("https://example.com/a?b=c#d", "http://example.com:8080/", "https://xn--bcher-kva.example/");
    case "phone":
      return fc.constantFrom("+35621234567", "+12025550123");
    case "currency":
      return fc.constantFrom("EUR", "USD", "JPY", "GBP", "CHF");
    case "country":
      return fc.constantFrom("DE", "MT", "US");
    case "language":
      return fc.constantFrom("en", "de-AT", "pt-BR");
    case "json":
      return fc.json({ maxDepth: 4 }).map((text) => JSON.parse(text) as unknown);
    case "object":
      return goodObject(field.fields ?? {}, harvest, service);
    case "array":
      return fc.array(field.item === undefined ? fc.constant(null) : goodValue(field.item, harvest, service), { maxLength: 5 });
    case "binary":
      return fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes).toString("base64"));
  }
};

/** An object of fields: those that may be left out sometimes are. */
export const goodObject = (fields: Fields, harvest: Harvest, service: string): fc.Arbitrary<Record<string, unknown>> => {
  const requiredKeys = Object.entries(fields)
    .filter(([, { options }]) => options.optional !== true && options.default === undefined)
    .map(([name]) => name);
  const values = Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, goodValue(field, harvest, service)]));
  return fc.record(values, { requiredKeys, noNullPrototype: true });
};

/** The same with one thing wrong: a value, a name, something missing or too much. */
export const spoilt = (good: fc.Arbitrary<Record<string, unknown>>, names: readonly string[]): fc.Arbitrary<unknown> => {
  const name = fc.constantFrom(
    ...names,
    "id",
    "createdAt",
    "version",
    "realm",
    "tenant",
    "roles",
    "nope",
    "",
    "a.b",
    "__proto__",
    "constructor",
    "toString",
    "hasOwnProperty",
    "valueOf",
    "\u0000",
    "ID",
    "n".repeat(300),
  );
  return fc.oneof(
    { weight: 4, arbitrary: good },
    {
      weight: 8,
      arbitrary: fc
        .tuple(good, name, hostileValue)
        .map(([body, key, value]) => Object.fromEntries([...Object.entries(body), [key, value]])),
    },
    {
      weight: 2,
      arbitrary: fc
        .tuple(good, fc.constantFrom(...names, "x"))
        .map(([body, key]) => Object.fromEntries(Object.entries(body).filter(([other]) => other !== key))),
    },
    { weight: 1, arbitrary: hostileValue },
  );
};
