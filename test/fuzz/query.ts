/** Query strings: what a list may be asked for, with values of each field's type, and what no list was ever asked for. */
import fc from "fast-check";
import type { ResourceContract } from "../../src/contract/index.ts";
import type { Harvest } from "./harvest.ts";
import { goodValue, hostileTexts } from "./value.ts";

/** Visible ASCII and bytes beyond; whatever else ends a request line is for the raw sockets. */
export const sendable = (text: string): string =>
  text.replace(/[^\x21-\x7e\x80-\xff]/gu, (character) => encodeURIComponent(character.isWellFormed() ? character : "\ufffd"));

const operators = [
  "=",
  "!=",
  ">=",
  "<=",
  ">",
  "<",
  "~=",
  "^=",
  "==",
  "=>",
  "",
  "[]=",
  "[gte]=",
  "[lt]=",
  "[ne]=",
  "[contains]=",
  "[startsWith]=",
  "[null]=",
  "[eq]=",
  "[]",
  "[[]]=",
  "[__proto__]=",
  "[$gt]=",
  "[toString]=",
];
const controls = ["page", "perPage", "cursor", "count", "sortBy", "fields", "include", "filters", "language", "envelope"];
const words = [
  "",
  "0",
  "1",
  "-1",
  "2",
  "100",
  "101",
  "1.5",
  "1e3",
  "1e400",
  "9007199254740993",
  "9223372036854775808",
  "-9223372036854775809",
  "NaN",
  "Infinity",
  "true",
  "false",
  "null",
  "EUR",
  "DE",
  "active",
  "2025-01-01T00:00:00Z",
  "2025-02-30",
  "%00",
  "%F0%9F%92%A9",
  "%ff",
  "a,b",
  "a%2Cb",
  "'",
  "''",
  "%27%20OR%201=1--",
  "%25",
  "_",
  "%5C",
  "[object",
  "*",
  "(",
  ")",
  "a(b:c)",
  "-0",
  "+1",
  "%2B1",
  "0x10",
  "%D9%A1",
  "a".repeat(400),
];

const fieldNames = (resource: ResourceContract | undefined): readonly string[] =>
  resource === undefined
    ? ["id"]
    : [
        ...resource.fieldNames,
        ...[...resource.one.keys()].flatMap((name) => [`${name}.name`, `${name}.status`, `${name}.${name}`]),
      ];

const named = (resource: ResourceContract | undefined): readonly string[] => [
  ...Object.keys(resource?.filters ?? {}),
  "nope",
  "__proto__",
];
const relations = (resource: ResourceContract | undefined): readonly string[] => [
  ...(resource?.many.keys() ?? []),
  ...(resource?.one.keys() ?? []),
  "nope",
  "constructor",
];

const nested = (resource: ResourceContract | undefined): fc.Arbitrary<string> =>
  fc.letrec<{ include: string; argument: string }>((tie) => ({
    include: fc
      .tuple(
        fc.constantFrom(...relations(resource), "accounts", "transfers", "customer", "debit"),
        fc.option(fc.array(tie("argument"), { maxLength: 3 })),
      )
      .map(([name, args]) => (args === null ? name : `${name}(${args.join(",")})`)),
    argument: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      fc.constantFrom(
        "perPage:5",
        "perPage:0",
        "perPage:1e9",
        "sortBy:id.desc",
        "sortBy:nope",
        "x:y",
        ":",
        "perPage",
        "sortBy:(a;b)",
      ),
      tie("include").map((include) => `include:${include}`),
    ),
  })).include;

const parameter = (resource: ResourceContract | undefined, { cursor, ids }: Harvest): fc.Arbitrary<string> => {
  const all = [...ids.values()].flat();
  const value = fc.oneof(
    fc.constantFrom(...words, ...all),
    fc.string({ maxLength: 12 }).map((text) => encodeURIComponent(text.toWellFormed())),
  );
  const field = fc.constantFrom(...fieldNames(resource), "nope", "id", "__proto__", "constructor", "a.b.c.d.e", "");
  const tampered = fc.oneof(
    fc.constant(cursor),
    fc
      .nat({ max: cursor.length - 1 })
      .map((at) => `${cursor.slice(0, at)}${cursor[at] === "A" ? "B" : "A"}${cursor.slice(at + 1)}`),
    fc.constantFrom(
      "",
      ".",
      "a.b",
      cursor.split(".")[0] ?? "",
      `.${cursor.split(".")[1] ?? ""}`,
      `${cursor}A`,
      btoa('["x"]'),
      "%00",
    ),
  );
  return fc.oneof(
    { weight: 5, arbitrary: fc.tuple(field, fc.constantFrom(...operators), value).map((parts) => parts.join("")) },
    { weight: 2, arbitrary: fc.tuple(fc.constantFrom(...controls), value).map(([name, text]) => `${name}=${text}`) },
    { weight: 2, arbitrary: nested(resource).map((text) => `include=${text}`) },
    { weight: 1, arbitrary: tampered.map((text) => `cursor=${text}`) },
    {
      weight: 1,
      arbitrary: fc
        .array(
          fc.tuple(field, fc.constantFrom("", ".asc", ".desc", ".DESC", ".", ".desc.asc")).map((parts) => parts.join("")),
          { maxLength: 10 },
        )
        .map((list) => `sortBy=${list.join(",")}`),
    },
    { weight: 1, arbitrary: fc.array(field, { maxLength: 10 }).map((list) => `fields=${list.join(",")}`) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(
          fc.constantFrom(...named(resource)),
          fc.constantFrom(
            "",
            "()",
            "(amount:1)",
            "(amount:x)",
            "(currency:EUR)",
            "(currency:EUR,currency:EUR)",
            "(from:2025-01-01T00:00:00Z,to:2026-01-01T00:00:00Z)",
            "(",
            ")",
            ";",
            "(a:(b:(c:(d:(e:f)))))",
            "(__proto__:1)",
          ),
        )
        .map(([name, args]) => `filters=${name}${args}`),
    },
    { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 30 }) },
  );
};

const sound = ["=", "!=", "[eq]=", "[ne]=", "[]="];
const ordered = [">=", "<=", ">", "<", "[gte]=", "[lt]="];
const partial = ["~=", "^=", "[contains]=", "[startsWith]="];

/** A condition that means something: its value is of the field's type. */
const condition = (resource: ResourceContract, harvest: Harvest, service: string): fc.Arbitrary<string> =>
  fc.constantFrom(...Object.entries(resource.fields)).chain(([name, field]) =>
    fc
      .tuple(
        fc.constantFrom(...sound, ...ordered, ...partial, "[null]="),
        goodValue(field, harvest, service),
        fc.constantFrom(...hostileTexts),
        fc.nat({ max: 3 }),
      )
      .map(([operator, value, hostile, dice]) => {
        if (operator === "[null]=") return `${name}[null]=${dice > 1}`;
        const isText = dice === 0 && ["string", "text", "email"].includes(field.kind);
        const text = isText
          ? hostile
          : typeof value === "object" && value !== null && "rawJSON" in value
            ? String(value.rawJSON).replaceAll('"', "")
            : String(value);
        return `${name}${operator}${encodeURIComponent(text.toWellFormed())}`;
      }),
  );

/** What a list may be asked for: conditions, sorting, fields, relations, pages, as the definition has them. */
export const soundQuery = (resource: ResourceContract, harvest: Harvest, service: string): fc.Arbitrary<string> => {
  const field = fc.constantFrom(...resource.fieldNames);
  const relation = fc.constantFrom(...resource.many.keys(), ...resource.one.keys(), "id");
  return fc
    .array(
      fc.oneof(
        { weight: 6, arbitrary: condition(resource, harvest, service) },
        {
          weight: 1,
          arbitrary: fc
            .array(
              fc.tuple(field, fc.constantFrom("", ".asc", ".desc")).map((parts) => parts.join("")),
              { minLength: 1, maxLength: 3 },
            )
            .map((list) => `sortBy=${list.join(",")}`),
        },
        { weight: 1, arbitrary: fc.array(field, { minLength: 1, maxLength: 4 }).map((list) => `fields=${list.join(",")}`) },
        {
          weight: 1,
          arbitrary: fc
            .tuple(
              relation,
              fc.constantFrom("", "(perPage:2)", "(sortBy:id.desc)", "(perPage:1,include:(accounts,customer,user))"),
            )
            .map((parts) => `include=${parts.join("")}`),
        },
        {
          weight: 1,
          arbitrary: fc.constantFrom(
            "page=1",
            "page=2",
            "perPage=1",
            "perPage=50",
            "count=true",
            "count=false",
            `cursor=${harvest.cursor}`,
            "envelope=false",
          ),
        },
      ),
      { maxLength: 3 },
    )
    .map((list) => sendable(list.join("&")));
};

/** A query string without its "?"; now and then far too long. */
export const queryOf = (resource: ResourceContract | undefined, harvest: Harvest): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 2, arbitrary: fc.constant("") },
    {
      weight: 12,
      arbitrary: fc.array(parameter(resource, harvest), { minLength: 1, maxLength: 6 }).map((list) => sendable(list.join("&"))),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(parameter(resource, harvest), fc.constantFrom(20, 101, 500))
        .map(([one, times]) => sendable(Array.from({ length: times }, () => one).join("&")).slice(0, 9_000)),
    },
  );
