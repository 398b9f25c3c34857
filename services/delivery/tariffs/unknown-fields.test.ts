import { expect, test } from "bun:test";
import fc from "fast-check";
import { sampleTariffs } from "../sample/index.ts";
import { problemsMax } from "./limits.ts";
import { smallTariff } from "./tariff.arbitrary.ts";
import { unknownFields } from "./unknown-fields.ts";

/** Every object within a value, with its path as problems have it. */
const objectsIn = (value: unknown, path = ""): readonly (readonly [string, Record<string, unknown>])[] => {
  if (Array.isArray(value)) return value.flatMap((entry, at) => objectsIn(entry, `${path}[${at}]`));
  if (typeof value !== "object" || value === null) return [];
  const inside = Object.entries(value).flatMap(([name, entry]) => objectsIn(entry, path === "" ? name : `${path}.${name}`));
  return [[path, value as Record<string, unknown>], ...inside];
};

test("a version has none", () => {
  for (const version of [...sampleTariffs, smallTariff]) expect(unknownFields(version)).toEqual([]);
});

test("a slip is told wherever it is", () => {
  const count = objectsIn(smallTariff).length;
  expect(count).toBeGreaterThan(20);
  fc.assert(
    fc.property(fc.nat(count - 1), fc.constantFrom("girthmax", "__proto__x", "toString", "Price", ""), (at, name) => {
      const version = structuredClone(smallTariff);
      const [path, fields] = objectsIn(version)[at] ?? ["", {}];
      fields[name] = 1;
      expect(unknownFields(version)).toEqual([
        { path: path === "" ? name : `${path}.${name}`, code: "unknown_field", text: `there is no field "${name}"` },
      ]);
    }),
  );
});

test("what is no version has no end of them", () => {
  for (const odd of [null, 7, "x", [], { zones: 7, services: { limits: 1 }, packaging: [] }])
    expect(unknownFields(odd)).toEqual([]);
  const many = Object.fromEntries(Array.from({ length: 500 }, (_, at) => [`x${at}`, at]));
  expect(unknownFields({ ...smallTariff, ...many })).toHaveLength(problemsMax);
});
