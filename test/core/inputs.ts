/**
 * Random input for any operation of a contract: mostly of the right shape with some wrong values in it, sometimes of no shape at all.
 * What is random is only the input; operation and caller are the test's. Used by tests of the core and of channels.
 */
import fc from "fast-check";
import type { Field } from "../../src/define/field.ts";
import type { Contract, Operation, ResourceContract } from "../../src/contract/index.ts";
import type { Input, RawFilter, RawInclude, RawQuery } from "../../src/pipeline/call.ts";

const nasty = [
  "",
  " ",
  "\0",
  "\ud800",
  "'",
  '"; drop table x; --',
  "%",
  "_",
  "__proto__",
  "constructor",
  "null",
  "NaN",
  "1e999",
  "-0",
  "𝒳",
  "a".repeat(300),
  "9223372036854775808",
  "0x1",
  "٣",
  "${x}",
  "../../x",
  "\u202e",
  "\r\n",
];
const numbers = [0, -0, 1, -1, 0.5, 1e21, -1e21, 2 ** 53, Number.MAX_VALUE, Number.NaN, Number.POSITIVE_INFINITY];

const wild: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom(...nasty),
  fc.constantFrom<unknown>(...numbers),
  fc.constantFrom<unknown>(null, undefined, true, false, [], {}, [[]], [null], 5n, new Uint8Array([1, 2])),
  fc.string({ maxLength: 20, unit: "binary" }),
  fc.jsonValue({ maxDepth: 3 }),
);

const texts: Readonly<Partial<Record<Field["kind"], readonly string[]>>> = {
  string: ["a", "Ann", "x y"],
  text: ["a\nb"],
  decimal: ["0", "-1.5", "12.000001"],
  date: ["2024-02-29", "1999-12-31"],
  dateTime: ["2024-01-01T00:00:00Z", "2024-01-01T00:00:00.123+05:30"],
  duration: ["P1D", "PT5M"],
  email: ["a@example.com"],
  url: ["https://example.com/"],
  phone: ["+4930112233"],
  currency: ["EUR", "JPY"],
  country: ["DE", "FR"],
  language: ["de", "en-GB"],
  binary: ["AAEC", ""],
};

/** A value that the field takes, more often than not. */
const valueOf = (field: Field, ids: readonly string[]): fc.Arbitrary<unknown> => {
  const right = (): fc.Arbitrary<unknown> => {
    switch (field.kind) {
      case "id":
      case "ref":
        return fc.constantFrom(...ids);
      case "integer":
      case "money":
        return fc.oneof(
          fc.integer({ min: -5, max: 500 }),
          fc.constantFrom<unknown>("7", "9223372036854775807", 9_007_199_254_740_991),
        );
      case "boolean":
        return fc.boolean();
      case "enum":
        return fc.constantFrom(...(field.values ?? []));
      case "json":
        return fc.jsonValue({ maxDepth: 2 });
      case "object":
        return fc.record(
          Object.fromEntries(Object.entries(field.fields ?? {}).map(([name, inner]) => [name, valueOf(inner, ids)])),
          { requiredKeys: [] },
        );
      case "array":
        return field.item === undefined ? wild : fc.array(valueOf(field.item, ids), { maxLength: 3 });
      default:
        return fc.constantFrom(...(texts[field.kind] ?? ["x"]));
    }
  };
  return fc.oneof({ arbitrary: right(), weight: 12 }, { arbitrary: wild, weight: 1 });
};

const bodyOf = (operation: Operation, ids: readonly string[]): fc.Arbitrary<unknown> => {
  const fields = Object.entries(operation.input);
  const model = Object.fromEntries(fields.map(([name, field]) => [name, valueOf(field, ids)]));
  const whole = fc.record(model, { requiredKeys: [...operation.required].filter((name) => name in model) });
  const strange = fc.record(
    { ...model, ...Object.fromEntries(["__proto__", "constructor", "id", "realm"].map((name) => [name, wild])) },
    { requiredKeys: [] },
  );
  return fc.oneof({ arbitrary: whole, weight: 8 }, { arbitrary: strange, weight: 2 }, { arbitrary: wild, weight: 1 });
};

const pathsOf = (resource: ResourceContract): readonly string[] => [
  ...resource.fieldNames,
  ...[...resource.one].flatMap(([name, { target }]) => target.fieldNames.map((field) => `${name}.${field}`)),
];

const ops: readonly RawFilter["op"][] = ["eq", "ne", "lt", "lte", "gt", "gte", "contains", "startsWith", "null"];

const includeOf = (resource: ResourceContract, depth: number): fc.Arbitrary<RawInclude> => {
  const relations = [
    ...[...resource.one].map(([name, { target }]) => ({ name, target })),
    ...[...resource.many].map(([name, { target }]) => ({ name, target })),
  ];
  const known = relations.map(({ name, target }) =>
    fc.record(
      {
        name: fc.constant(name),
        perPage: fc.oneof(fc.integer({ min: 1, max: 5 }), wild),
        sortBy: fc.array(fc.constantFrom(...target.fieldNames), { maxLength: 2 }),
        ...(depth > 0 ? { include: fc.array(includeOf(target, depth - 1), { maxLength: 2 }) } : {}),
      },
      { requiredKeys: ["name"] },
    ),
  );
  return fc.oneof(
    ...(known as fc.Arbitrary<RawInclude>[]),
    fc.constantFrom(...nasty).map((name) => ({ name })),
  );
};

const queryOf = (resource: ResourceContract, ids: readonly string[]): fc.Arbitrary<RawQuery> => {
  const paths = pathsOf(resource);
  const filter = fc.record({
    path: fc.oneof(
      { arbitrary: fc.constantFrom(...paths), weight: 10 },
      { arbitrary: fc.constantFrom(...nasty, "a.b.c.d.e"), weight: 1 },
    ),
    op: fc.constantFrom(...ops),
    values: fc.array(fc.oneof(...resource.fieldNames.map((name) => valueOf(resource.fields[name] as Field, ids)), wild), {
      maxLength: 3,
    }),
    as: fc.constantFrom("x", "__proto__", "constructor", "toString"),
  });
  const named = fc.oneof(
    ...Object.entries(resource.filters).map(([name, { params }]) =>
      fc.record({
        name: fc.constant(name),
        params: fc.record(Object.fromEntries(Object.entries(params).map(([param, field]) => [param, valueOf(field, ids)])), {
          requiredKeys: [],
        }),
      }),
    ),
    fc.constantFrom(...nasty).map((name) => ({ name, params: {} })),
  );
  return fc.record(
    {
      filters: fc.array(filter, { maxLength: 3 }),
      named: fc.array(named, { maxLength: 2 }),
      sortBy: fc.array(fc.oneof(fc.constantFrom(...paths.flatMap((path) => [path, `${path}.desc`])), fc.constantFrom(...nasty)), {
        maxLength: 3,
      }),
      page: fc.oneof(fc.integer({ min: 1, max: 3 }), wild),
      perPage: fc.oneof(fc.integer({ min: 1, max: 50 }), wild),
      cursor: fc.constantFrom("", ...nasty, "WyJhIl0.AAAAAAAAAAAAAAAAAAAAAA"),
      count: fc.oneof(fc.boolean(), wild),
      fields: fc.array(fc.constantFrom(...paths, ...nasty), { maxLength: 4 }),
      include: fc.array(includeOf(resource, 2), { maxLength: 2 }),
    },
    { requiredKeys: [] },
  );
};

/** Input for one operation. `ids`: rows that are there, among others. */
export const inputOf = (contract: Contract, operation: Operation, ids: readonly string[]): fc.Arbitrary<Input> => {
  const known = [...ids, ...nasty, "box_01JD3Q8Z5T7N9V1X3B5D7F9H1K"];
  const { resource } = operation;
  const parents = [...contract.resources.values()].flatMap(({ name, many }) =>
    [...many.keys()].map((relation) => ({ resource: name, relation })),
  );
  return fc.record(
    {
      id: fc.constantFrom(...known),
      body: bodyOf(operation, known),
      ...(resource === undefined ? {} : { query: queryOf(resource, known) }),
      ...(operation.action === "list" || operation.action === "count"
        ? {
            parent: fc
              .record({ id: fc.constantFrom(...known) })
              .chain(({ id }) =>
                fc.constantFrom(...parents, { resource: "__proto__", relation: "x" }).map((place) => ({ ...place, id })),
              ),
          }
        : {}),
    },
    { requiredKeys: operation.target === "item" ? ["id"] : [] },
  );
};
