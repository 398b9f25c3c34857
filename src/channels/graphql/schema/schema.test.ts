/** Schemas of the shipped services, every version: valid, and the same each time. */
import { describe, expect, test } from "bun:test";
import { buildSchema, isObjectType, lexicographicSortSchema, printSchema, validateSchema } from "graphql";
import bank from "../../../../services/bank/index.ts";
import platform from "../../../../services/platform/index.ts";
import { compile } from "../../../contract/index.ts";
import { versionViews } from "../../../contract/versions.ts";
import { metaOf } from "./meta.ts";
import { Names } from "./names.ts";
import { schemaOf } from "./schema.ts";

describe("schemas", () => {
  for (const definition of [bank, platform]) {
    const contract = compile(definition);
    for (const version of versionViews(contract).keys()) {
      test(`${contract.service} ${version}`, () => {
        const schema = schemaOf(contract, version);
        expect(validateSchema(schema)).toEqual([]);
        const sdl = printSchema(schema);
        expect(printSchema(schemaOf(compile(definition), version))).toBe(sdl);
        expect(printSchema(lexicographicSortSchema(buildSchema(sdl)))).toBe(printSchema(lexicographicSortSchema(schema)));
        // Every operation has a field, and every field of a root an operation, a type of events, or any row.
        const roots = [schema.getQueryType(), schema.getMutationType()].filter((type) => type !== null && type !== undefined);
        const called = new Set(
          roots.flatMap((type) =>
            Object.values(type.getFields()).flatMap((field) => {
              const meta = metaOf(field);
              if (meta?.kind === "byId") return [];
              if (meta === undefined || !("operation" in meta)) throw new Error(`${field.name} stands for nothing`);
              return [meta.operation.name];
            }),
          ),
        );
        expect(called).toEqual(new Set(contract.operations.keys()));
        const events = [...contract.resources.values()].flatMap(({ name, events }) =>
          contract.operations.has(`${name}.list`) ? Object.keys(events) : [],
        );
        expect(Object.keys(schema.getSubscriptionType()?.getFields() ?? {}).length).toBe(events.length);
        // What the executor comes upon is told to it.
        for (const type of Object.values(schema.getTypeMap())) {
          if (!isObjectType(type) || type.name.startsWith("__") || type.name === "PageInfo") continue;
          for (const field of Object.values(type.getFields()))
            expect([type.name, field.name, metaOf(field) !== undefined]).toEqual([type.name, field.name, true]);
        }
      });
    }
  }
});

describe("names", () => {
  test("are legal, and given once", () => {
    const names = new Names(["Query"]);
    expect([
      names.take("Query", "QueryRow"),
      names.take("Query", "QueryRow"),
      names.take("in-progress"),
      names.take("in_progress"),
      names.take("3d"),
      names.take("true"),
      names.take("__type"),
      names.take("é"),
      names.take(""),
    ]).toEqual(["QueryRow", "QueryRow2", "in_progress", "in_progress2", "_3d", "true_", "_type", "_", "_2"]);
  });
});
