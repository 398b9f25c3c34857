/** A service with every kind of field there is, its messages, and values for them; for tests. */
import { createFileRegistry, type DescMessage, type FileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import fc from "fast-check";
import { command, type Fields, resource, service, t } from "../../index.ts";
import { compile } from "../compile.ts";
import type { Contract } from "../contract.ts";
import { type ProtoService, protoOf, type RpcMethod } from "./index.ts";

const inner = {
  city: t.string(),
  floor: t.integer({ optional: true }),
  side: t.enum(["left", "right"]),
  notes: t.array(t.string(), { optional: true }),
};

/** As function input and output every field is there or not, so all are optional but lists that are always there. */
export const kinds = {
  word: t.string({ optional: true }),
  lines: t.text({ optional: true }),
  whole: t.integer({ optional: true }),
  money: t.money({ optional: true }),
  exact: t.decimal({ optional: true }),
  flag: t.boolean({ optional: true }),
  state: t.enum(["new", "kept.back", "soldOut", "3d"], { optional: true }),
  day: t.date({ optional: true }),
  moment: t.dateTime({ optional: true }),
  span: t.duration({ optional: true }),
  free: t.json({ optional: true }),
  blob: t.binary({ optional: true }),
  place: t.object(inner, { optional: true }),
  words: t.array(t.string()),
  wholes: t.array(t.integer()),
  flags: t.array(t.boolean()),
  states: t.array(t.enum(["one", "two"])),
  moments: t.array(t.dateTime()),
  frees: t.array(t.json()),
  places: t.array(t.object(inner)),
  maybeWords: t.array(t.string(), { optional: true }),
  gaps: t.array(t.integer({ optional: true })),
  grid: t.array(t.array(t.integer())),
} satisfies Fields;

const things = resource("things", { doc: "Things.", fields: { id: t.id("thg"), ...kinds } }, ({ all }) => ({
  rows: { user: all },
  access: { create: ["user"], update: ["user"], replace: ["user"] },
}));

export const kindsContract = (): Contract =>
  compile(
    service("kinds", {
      doc: "Every kind.",
      version: "v1",
      roles: { user: "Uses it." },
      resources: [things],
      operations: {
        echo: command({ doc: "Says it again.", roles: ["user"], input: kinds, output: kinds, run: (_, { input }) => input }),
      },
    }),
  );

export const methodOf = (proto: ProtoService, name: string): RpcMethod => {
  const method = proto.methods.get(name);
  if (method === undefined) throw new Error(`there is no method ${name}`);
  return method;
};

export const kindsProto = (): ProtoService => protoOf(kindsContract(), "v1", {});

/** The same messages for @bufbuild/protobuf, from the descriptors. */
export const registryFor = (proto: ProtoService): FileRegistry =>
  createFileRegistry(fromBinary(FileDescriptorSetSchema, proto.descriptorSet()));

export const described = (registry: FileRegistry, name: string): DescMessage => {
  const found = registry.getMessage(name);
  if (found === undefined) throw new Error(`there is no message ${name}`);
  return found;
};

const text = fc.string({ unit: "binary", maxLength: 200 });
const whole = fc.oneof(fc.maxSafeInteger(), fc.integer({ min: -3, max: 300 }));
const money = fc.oneof(
  whole,
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value) => {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : String(value);
  }),
);
const moment = fc
  .date({ min: new Date("0001-01-01T00:00:00Z"), max: new Date("9999-12-31T23:59:59.999Z"), noInvalidDate: true })
  .map((date) => date.toISOString());
/** JSON whose keys are names of their own: `__proto__` is another test. */
const json = fc
  .jsonValue({ maxDepth: 4 })
  .filter((value) => value !== null && !JSON.stringify(value).includes("__proto__"))
  .map((value) => JSON.parse(JSON.stringify(value), (_, one: unknown) => (Object.is(one, -0) ? 0 : one)) as unknown);
const blob = fc.uint8Array({ maxLength: 50 }).map((bytes) => Buffer.from(bytes).toString("base64"));
const place = fc.record(
  {
    city: text,
    floor: whole,
    side: fc.constantFrom("left", "right"),
    notes: fc.array(text, { maxLength: 3 }),
  },
  { requiredKeys: [] },
);
const list = <T>(item: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(item, { maxLength: 5 });

/** Values as a contract has them, JSON-ready. */
export const kindsValues: fc.Arbitrary<Record<string, unknown>> = fc.record(
  {
    word: text,
    lines: text,
    whole,
    money,
    exact: fc.constantFrom("12.50", "-0.000000001", "99999999999999999999"),
    flag: fc.boolean(),
    state: fc.constantFrom("new", "kept.back", "soldOut", "3d"),
    day: fc.constant("2026-01-31"),
    moment,
    span: fc.constant("P1DT2H"),
    free: json,
    blob,
    place,
    words: list(text),
    wholes: list(whole),
    flags: list(fc.boolean()),
    states: list(fc.constantFrom("one", "two")),
    moments: list(moment),
    frees: list(fc.oneof(json, fc.constant(null))),
    places: list(place),
    maybeWords: list(text),
    gaps: list(fc.option(whole, { nil: null })),
    grid: list(list(whole)),
  },
  { requiredKeys: ["words", "wholes", "flags", "states", "moments", "frees", "places", "gaps", "grid"] },
);
