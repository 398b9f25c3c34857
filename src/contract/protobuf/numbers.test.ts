/** Numbers never change: over renames, removals and additions, with a lock and without, in every version. */
import { describe, expect, test } from "bun:test";
import {
  added,
  command,
  type Fields,
  removed,
  renamed,
  resource,
  retyped,
  service,
  t,
  version,
  type VersionDefinition,
} from "../../index.ts";
import { compile } from "../compile.ts";
import type { Contract } from "../contract.ts";
import { numberFields, type Numbers } from "../lock/numbers.ts";
import { methodOf } from "./kinds.arbitrary.ts";
import { protoOf, type ProtoService } from "./index.ts";

interface ShopOptions {
  readonly version?: string;
  readonly fields: Fields;
  readonly input?: Fields;
  readonly older?: readonly VersionDefinition[];
}

const shop = ({ version: name = "v1", fields, input = {}, older = [] }: ShopOptions): Contract => {
  const grouped = ["state", "condition"].find((field) => Object.hasOwn(fields, field));
  return compile(
    service("shop", {
      doc: "A shop.",
      version: name,
      roles: { seller: "Sells." },
      older,
      resources: [
        resource("items", { doc: "Goods.", fields: { id: t.id("itm"), ...fields } }, ({ all, command: change, count }) => ({
          rows: { seller: all },
          access: { create: ["seller"], update: ["seller"] },
          stats: grouped === undefined ? {} : { byState: { group: [grouped], measures: { items: count() } } },
          functions: {
            tag: change({ on: "item", doc: "Tags it.", roles: ["seller"], input, run: (_, { row }) => row }),
          },
        })),
      ],
      operations: { ping: command({ doc: "Answers.", roles: ["seller"], output: "none", run: () => undefined }) },
    }),
  );
};

/** `message { field = number }` of a message, from the text. */
const numbersIn = ({ text }: ProtoService, message: string): Readonly<Record<string, number>> => {
  const body = new RegExp(`^message ${message} \\{\\n([\\s\\S]*?)^\\}`, "m").exec(text)?.[1] ?? "";
  return Object.fromEntries(
    [...body.matchAll(/^ {2}(?! )[^/\n]*? (\w+) = (\d+);$/gm)].map(([, name = "", number]) => [name, Number(number)]),
  );
};

const reservedIn = ({ text }: ProtoService, message: string): readonly string[] => {
  const body = new RegExp(`^message ${message} \\{\\n([\\s\\S]*?)^\\}`, "m").exec(text)?.[1] ?? "";
  return [...body.matchAll(/^ {2}reserved (.*);$/gm)].map(([, what = ""]) => what);
};

const base: Fields = { name: t.string(), price: t.money(), state: t.enum(["new", "used"], { default: "new" }) };
const first = shop({ fields: base, input: { label: t.string(), weight: t.integer() } });
const locked: Numbers = numberFields(first, {});

describe("with a lock", () => {
  test("the first numbers follow the definition", () => {
    const proto = protoOf(first, "v1", locked);
    expect(numbersIn(proto, "Item")).toEqual({ id: 1, name: 2, price: 3, state: 4 });
    expect(numbersIn(proto, "CreateItemRequest")).toEqual({ name: 2, price: 3, state: 4 });
    expect(numbersIn(proto, "UpdateItemRequest")).toEqual({ id: 1, name: 2, price: 3, state: 4, update_mask: 20_001 });
    expect(numbersIn(proto, "TagItemRequest")).toEqual({ id: 1, label: 2, weight: 3 });
  });

  test("an addition gets the next number, wherever it stands in the definition", () => {
    const fields = {
      colour: t.string({ optional: true }),
      state: base["state"] as never,
      price: base["price"] as never,
      name: base["name"] as never,
    };
    const proto = protoOf(
      shop({ fields, input: { more: t.string({ optional: true }), weight: t.integer(), label: t.string() } }),
      "v1",
      locked,
    );
    expect(numbersIn(proto, "Item")).toEqual({ id: 1, name: 2, price: 3, state: 4, colour: 5 });
    expect(numbersIn(proto, "TagItemRequest")).toEqual({ id: 1, label: 2, weight: 3, more: 4 });
  });

  test("a removal leaves its number and name reserved, and what comes later does not get it", () => {
    const { name, state } = base;
    const fields = { name, state, size: t.integer({ default: 1 }) } as Fields;
    const contract = shop({ fields, input: { weight: t.integer() } });
    const proto = protoOf(contract, "v1", locked);
    expect(numbersIn(proto, "Item")).toEqual({ id: 1, name: 2, state: 4, size: 5 });
    expect(reservedIn(proto, "Item")).toEqual(["3", '"price"']);
    expect(reservedIn(proto, "CreateItemRequest")).toEqual(["3", '"price"']);
    expect(reservedIn(proto, "TagItemRequest")).toEqual(["2", '"label"']);
    // And when it comes back, it has its number again.
    const again = protoOf(shop({ fields: { ...fields, price: t.money() } }), "v1", numberFields(contract, locked));
    expect(numbersIn(again, "Item")).toEqual({ id: 1, name: 2, price: 3, state: 4, size: 5 });
  });

  test("an old client's bytes are read by the new server under the same names", () => {
    const before = methodOf(protoOf(first, "v1", locked), "CreateItem");
    const { state, name } = base;
    const after = methodOf(
      protoOf(
        shop({ fields: { size: t.integer({ optional: true }), state, price: t.money({ optional: true }), name } as Fields }),
        "v1",
        locked,
      ),
      "CreateItem",
    );
    // What the answers of the newer say of themselves, the older skips; requests are alike.
    const json = { name: "Lamp", price: "9007199254740993", state: "STATE_USED" };
    const sent = before.input.encode(before.input.fromJson(json));
    expect(after.input.decode(sent)).toEqual({ name: "Lamp", price: "9007199254740993", state: "used" });
  });

  test("values of an enum keep their numbers; one that is removed is reserved", () => {
    const fields = { ...base, state: t.enum(["sold", "used"], { default: "used" }) };
    const proto = protoOf(shop({ fields }), "v1", locked);
    expect(proto.text).toContain('    reserved 1;\n    reserved "STATE_NEW";');
    expect(proto.text).toMatch(/STATE_UNSPECIFIED = 0;[\s\S]*?STATE_SOLD = 3;[\s\S]*?STATE_USED = 2;/);
  });

  test("a list keeps its form, whether it may be absent or not", () => {
    const made = (options: object): Contract => shop({ fields: { tags: t.array(t.string(), options) } });
    const plain = numberFields(made({}), {});
    const wrapped = numberFields(made({ optional: true }), {});
    const typeOf = (contract: Contract, numbers: Numbers): string =>
      /^ {2}(.*) tags = 2;$/m.exec(protoOf(contract, "v1", numbers).text)?.[1] ?? "";
    expect(typeOf(made({}), plain)).toBe("repeated string");
    expect(typeOf(made({ optional: true }), plain)).toBe("repeated string");
    expect(typeOf(made({ optional: true }), wrapped)).toBe("Item.TagsList");
    expect(typeOf(made({}), wrapped)).toBe("Item.TagsList");
  });
});

describe("over versions", () => {
  const older = [
    version("v1", {
      changes: [
        renamed("items", { from: "name", to: "title" }),
        renamed("items", { from: "state", to: "condition" }),
        added("items", "colour"),
        removed("items", "branch", { field: t.string(), value: () => "main" }),
        retyped("items", "price", { field: t.decimal(), up: () => 0, down: () => "0" }),
      ],
    }),
  ];
  const before = shop({ fields: { ...base, branch: t.string({ default: "main" }) } });
  const fields = {
    colour: t.string({ optional: true }),
    price: t.money(),
    condition: t.enum(["used", "new"], { default: "new" }),
    title: t.string(),
  };
  const after = shop({ version: "v2", fields, older });
  const numbers = numberFields(after, numberFields(before, {}));

  test("a rename takes its number along, with the values inside; the older version keeps its names", () => {
    const newest = protoOf(after, "v2", numbers);
    const old = protoOf(after, "v1", numbers);
    const was = protoOf(before, "v1", numberFields(before, {}));
    expect(numbersIn(newest, "Item")).toEqual({ id: 1, title: 2, price: 3, condition: 4, colour: 6 });
    expect(numbersIn(old, "Item")).toEqual(numbersIn(was, "Item"));
    expect(numbersIn(old, "Item")).toEqual({ id: 1, name: 2, price: 3, state: 4, branch: 5 });
    const rowOf = ({ text }: ProtoService): string => /message Row \{[\s\S]*?\n {2}\}/.exec(text)?.[0] ?? "";
    expect(rowOf(old)).toContain(" state = 1;");
    expect(rowOf(old)).toBe(rowOf(was));
    expect(rowOf(newest)).toContain(" condition = 1;");
    expect(old.text).toContain("STATE_NEW = 1;");
    expect(newest.text).toContain("CONDITION_NEW = 1;");
    expect(reservedIn(newest, "Item")).toEqual(["5", '"branch"']);
    expect(reservedIn(old, "Item")).toEqual([]);
  });

  test("a field that takes the name of a removed one takes not its number", () => {
    const swapped = [
      version("v1", {
        changes: [
          removed("items", "name", { field: t.string(), value: () => "" }),
          renamed("items", { from: "label", to: "name" }),
        ],
      }),
    ];
    const was = shop({ fields: { name: t.string(), label: t.string() } });
    const now = shop({ version: "v2", fields: { name: t.string() }, older: swapped });
    const taken = numberFields(now, numberFields(was, {}));
    expect(numbersIn(protoOf(now, "v2", taken), "Item")).toEqual({ id: 1, name: 3 });
    expect(numbersIn(protoOf(now, "v1", taken), "Item")).toEqual({ id: 1, name: 2, label: 3 });
    expect(reservedIn(protoOf(now, "v2", taken), "Item")).toEqual(["2"]);
    expect(numberFields(now, taken)).toEqual(taken);
  });
});

test("without a lock numbers follow the definition, and stay when it is locked as it is", () => {
  const proto = protoOf(first, "v1", {});
  const text = proto.text;
  expect(protoOf(first, "v1", locked).text).toBe(text);
  expect(numberFields(first, locked)).toEqual(locked);
});
