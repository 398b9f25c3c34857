/** Older versions: what v1 and v2 of the library send and see, over two steps and over relations. A line is a case. */
import { describe, expect, test } from "bun:test";
import { compile } from "../../src/contract/compile.ts";
import { DefinitionError } from "../../src/contract/definition-error.ts";
import type { Operation } from "../../src/contract/contract.ts";
import { checkVersions, versionView } from "../../src/contract/versions.ts";
import {
  added,
  type Field,
  removed,
  renamed,
  resource,
  retyped,
  service,
  t,
  version,
  type VersionDefinition,
} from "../../src/index.ts";
import { invalid, refuse } from "../../src/pipeline/refusal.ts";
import { readOlder } from "../../src/contract/versions/older-value.ts";
import library from "./library.ts";

const contract = compile(library);
const [v1, v2, v3] = ["v1", "v2", "v3"].map((name) => versionView(contract, name)) as [
  ReturnType<typeof versionView>,
  ReturnType<typeof versionView>,
  ReturnType<typeof versionView>,
];
const operation = (name: string): Operation => {
  const found = contract.operations.get(name);
  if (found === undefined) throw new Error(`no operation ${name}`);
  return found;
};
const views = { v1, v2, v3 };
type Name = keyof typeof views;

test("the contracts of older versions have their own fields, in order", () => {
  const fields = (view: typeof v1, name: string) => view.contract.resources.get(name)?.fieldNames.join(" ");
  expect(fields(v3, "books")).toStartWith("id title author isbn summary pages price currency");
  expect(fields(v2, "books")).toStartWith("id name author");
  expect(fields(v2, "books")).not.toContain("shelf");
  expect(fields(v1, "books")).toEndWith("createdAt updatedAt branch");
  expect(fields(v1, "members")).not.toContain("phone");
  expect([...(v2.contract.resources.get("loans")?.one.keys() ?? [])]).toEqual(["book", "borrower"]);
  expect(v2.contract.resources.get("authors")?.many.get("books")?.target).toBe(v2.contract.resources.get("books") as never);
  expect(v2.contract.operations.get("books.create")?.required.has("name")).toBe(true);
  expect(v1.contract.operations.get("books.create")?.input["price"]?.kind).toBe("decimal");
  expect(v1.contract.operations.get("books.create")?.required.has("branch")).toBe(false);
  expect(v1.contract.singletons.get("me")?.resource.fieldNames).not.toContain("phone");
  expect(v2.contract.operations.get("books.stats.byShelf")?.output).toMatchObject({
    statistic: { group: ["shelf", "currency"] },
  });
});

test("the newest version hands everything through untouched", () => {
  const body = { title: "Emma" };
  expect(v3.upBody(operation("books.create"), body, false)).toEqual({ ok: true, value: body });
  expect(v3.downData(operation("books.get"), body)).toBe(body);
  expect(v3.contract).toBe(contract);
});

describe("bodies up", () => {
  const accepted: readonly [Name, string, unknown, unknown, boolean?][] = [
    ["v2", "books.create", { name: "Emma", price: "12.50" }, { title: "Emma", price: 1250 }],
    ["v1", "books.create", { heading: "Emma", price: 12, pages: "512" }, { title: "Emma", price: 1200, pages: 512 }],
    ["v1", "books.create", { heading: "Emma", branch: "main" }, { title: "Emma" }],
    ["v1", "books.update", { pages: null }, { pages: null }],
    ["v1", "members.create", { name: "Ann" }, { name: "Ann", phone: "+4930123456" }],
    ["v1", "members.update", { name: "Ann" }, { name: "Ann" }],
    ["v2", "members.create", { name: "Ann", phone: "+331" }, { name: "Ann", phone: "+331" }],
    ["v2", "books.create", { nonsense: 1 }, { nonsense: 1 }],
    ["v2", "books.create", { createdAt: "x" }, { createdAt: "x" }],
    ["v2", "books.create", "no object", "no object"],
    ["v2", "books.create", [1], [1]],
    ["v2", "quoteFine", { days: 1 }, { days: 1 }],
    ["v2", "books.withdraw", { reason: "name" }, { reason: "name" }],
    ["v1", "me.update", { email: "a@b.example" }, { email: "a@b.example" }],
    ["v2", "books.create", { price: "12.50" }, { price: 1250 }, true],
  ];
  for (const [name, op, body, expected, text] of accepted) {
    test(`${name} ${op} ${JSON.stringify(body)}`, () => {
      expect(views[name].upBody(operation(op), body, text ?? false)).toEqual({ ok: true, value: expected });
    });
  }
  const refusedBodies: readonly [Name, string, unknown, Record<string, string>][] = [
    ["v2", "books.create", { title: "Emma" }, { title: "unknown_field" }],
    ["v2", "books.create", { shelf: "open" }, { shelf: "unknown_field" }],
    ["v1", "books.create", { name: "Emma" }, { name: "unknown_field" }],
    ["v1", "books.create", { title: "Emma" }, { title: "unknown_field" }],
    ["v1", "members.create", { phone: "+331" }, { phone: "unknown_field" }],
    ["v2", "books.create", { price: "12.505" }, { price: "too_precise" }],
    ["v1", "books.create", { pages: "many" }, { pages: "bad_format" }],
    ["v1", "books.create", { branch: 5, title: 1 }, { branch: "wrong_type", title: "unknown_field" }],
    ["v2", "books.create", JSON.parse('{"__proto__": {"x": 1}}'), { ["__proto__"]: "unknown_field" }],
  ];
  for (const [name, op, body, expected] of refusedBodies) {
    test(`${name} ${op} ${JSON.stringify(body)} is refused`, () => {
      const translated = views[name].upBody(operation(op), body, false);
      if (translated.ok) throw new Error(`accepted as ${JSON.stringify(translated.value)}`);
      expect(Object.entries(translated.issues).map(([path, [issue]]) => `${path} ${issue?.code}`)).toEqual(
        Object.entries(expected).map(([path, code]) => `${path} ${code}`),
      );
    });
  }
  test("a step's issue is named as the client named the field", () => {
    const translated = v1.upBody(operation("books.create"), { heading: "x", price: "much" }, false);
    expect(translated.ok ? [] : Object.keys(translated.issues)).toEqual(["price"]);
  });
  test("as many wrong fields as anyone likes give a bounded answer", () => {
    const body = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`x${i}`, 1]));
    const newer = Object.fromEntries(contract.resources.get("books")?.fieldNames.map((n) => [n, 1]) ?? []);
    const translated = v1.upBody(operation("books.create"), { ...body, ...newer }, false);
    expect(translated.ok ? 0 : Object.keys(translated.issues).length).toBeLessThanOrEqual(100);
  });
});

describe("older values are checked by their kind and handed on in the form JSON has for them", () => {
  const cases: readonly [string, Field, unknown, boolean, unknown][] = [
    ["whole numbers from text", t.integer({ min: 1 }), "12", true, 12],
    ["no numbers from JSON strings", t.integer(), "12", false, "wrong_type integer"],
    ["money beyond 2^53", t.money(), 9_007_199_254_740_993n, false, "9007199254740993"],
    ["decimals from numbers", t.decimal({ scale: 2 }), 12.5, false, "12.5"],
    ["booleans from text", t.boolean(), "true", true, true],
    ["lists within text", t.array(t.integer()), ["1", "2"], true, [1, 2]],
    ["objects within text", t.object({ on: t.boolean() }), { on: "false" }, true, { on: false }],
    ["bytes", t.binary(), new Uint8Array([1, 2, 3]), false, "AQID"],
    ["too small", t.integer({ min: 5 }), 4, false, "too_small 5"],
    ["too large", t.integer({ max: 5 }), 6, false, "too_large 5"],
    ["too short", t.string({ minLength: 2 }), "a", false, "too_short 2"],
    ["too long", t.string({ maxLength: 2 }), "abc", false, "too_long 2"],
    ["too many", t.array(t.string(), { maxItems: 1 }), ["a", "b"], false, "too_many 1"],
    ["none of the values", t.enum(["a", "b"]), "c", false, "not_in_list a, b"],
    ["no date", t.date(), "2026-02-30", false, "bad_format date"],
    ["an unknown member", t.object({ on: t.boolean({ optional: true }) }), { off: true }, false, "unknown_field "],
    ["another type", t.object({ on: t.boolean() }), "x", false, "wrong_type object"],
    ["hostile", t.json(), JSON.parse('{"__proto__":{"a":1}}'), false, "bad_characters "],
  ];
  for (const [what, field, value, text, expected] of cases) {
    test(what, () => {
      const read = readOlder(field, value, { text, use: "write" });
      const [, issue] = read.ok ? [] : (read.found[0] ?? []);
      expect(read.ok ? read.value : `${issue?.code} ${Object.values(issue?.params ?? {}).join()}`).toEqual(expected as never);
    });
  }
  test("a compared value need not be within the bounds", () => {
    expect(readOlder(t.integer({ min: 5 }), "-4", { text: true, use: "compare" })).toEqual({ ok: true, value: -4 });
  });
});

describe("queries up", () => {
  const filter = (path: string, values: unknown[] = ["x"], op = "eq") => ({ path, op: op as "eq", values, as: path });
  test("filters, sorting, fields and relations carry the newer names", () => {
    expect(
      v1.upQuery(
        operation("books.list"),
        {
          filters: [
            filter("heading"),
            filter("author.name"),
            filter("price", ["12.50", "13"], "gte"),
            filter("pages", ["90"]),
            filter("price", ["true"], "null"),
          ],
          sortBy: ["heading.desc", "author.name", "pages.asc"],
          fields: ["heading", "author.name"],
          include: [{ name: "author" }, { name: "loans", sortBy: ["borrower.desc"], include: [{ name: "borrower" }] }],
          page: "2",
        },
        true,
      ),
    ).toEqual({
      ok: true,
      value: {
        filters: [
          { ...filter("title"), as: "heading" },
          { ...filter("author.fullName"), as: "author.name" },
          { ...filter("price", [1250, 1300], "gte") },
          { ...filter("pages", [90]) },
          { ...filter("price", ["true"], "null") },
        ],
        sortBy: ["title.desc", "author.fullName", "pages.asc"],
        fields: ["title", "author.fullName"],
        include: [{ name: "author" }, { name: "loans", sortBy: ["member.desc"], include: [{ name: "member" }] }],
        page: "2",
      },
    });
  });
  const refusedQueries: readonly [string, Parameters<typeof v1.upQuery>[1], string][] = [
    ["a newer name in a filter", { filters: [filter("title")] }, "title"],
    ["a newer name behind a relation", { filters: [filter("author.fullName")] }, "author.fullName"],
    ["a field added later", { filters: [filter("shelf")] }, "shelf"],
    ["a newer name in sortBy", { sortBy: ["title.desc"] }, "sortBy"],
    ["a newer name in fields", { fields: ["title"] }, "fields"],
    ["a dropped field in a filter", { filters: [filter("branch")] }, "branch"],
    ["a dropped field in sortBy", { sortBy: ["branch"] }, "sortBy"],
    ["a value that is none in this version", { filters: [filter("price", ["cheap"])] }, "price"],
    ["a newer relation", { include: [{ name: "loans", include: [{ name: "member" }] }] }, "include"],
  ];
  for (const [what, query, key] of refusedQueries) {
    test(`${what} is refused by its name`, () => {
      const translated = v1.upQuery(operation("books.list"), query, true);
      expect(translated.ok ? [] : Object.keys(translated.issues)).toEqual([key]);
    });
  }
  test("what no version knows is left to the newest version's checks", () => {
    const query = {
      filters: [filter("nope"), filter("author.nope.x"), filter("a.b.c.d.e.f.g.h.i.j")],
      sortBy: ["nope"],
      include: [{ name: "nope" }],
    };
    expect(v1.upQuery(operation("books.list"), query, true)).toEqual({ ok: true, value: query });
  });
});

describe("data down", () => {
  const row = { id: "bok_1", title: "Emma", author: "aut_1", pages: 512, price: 1250, reference: true, shelf: "open" };
  const old = {
    id: "bok_1",
    heading: "Emma",
    author: "aut_1",
    pages: "512",
    price: "12.50",
    reference: true,
    branch: "reading room",
  };
  test("a row", () => {
    expect(v2.downData(operation("books.get"), row)).toEqual({
      id: "bok_1",
      name: "Emma",
      author: "aut_1",
      pages: 512,
      price: "12.50",
      reference: true,
    });
    expect(v1.downData(operation("books.get"), row)).toEqual(old);
    expect(row.title).toBe("Emma");
  });
  test("keys keep their order", () => {
    expect(Object.keys(v2.downData(operation("books.get"), row) as object)).toEqual([
      "id",
      "name",
      "author",
      "pages",
      "price",
      "reference",
    ]);
  });
  test("rows, rows of functions, and nothing", () => {
    expect(v1.downData(operation("books.list"), [row, row])).toEqual([old, old]);
    expect(v1.downData(operation("books.similar"), [row])).toEqual([old]);
    expect(v1.downData(operation("members.block"), undefined)).toBeUndefined();
    expect(v1.downData(operation("books.count"), 5)).toBe(5);
  });
  test("redacted and empty values are not given to `down`", () => {
    expect(v2.downData(operation("books.get"), { id: "bok_1", price: null })).toEqual({ id: "bok_1", price: null });
    expect(v2.downData(operation("books.get"), { id: "bok_1" })).toEqual({ id: "bok_1" });
  });
  test("included relations, to one and to many, at any depth", () => {
    const author = { id: "aut_1", fullName: "Jane", books: [{ id: "bok_2", title: "Persuasion", price: 5 }] };
    expect(
      v2.downData(operation("books.get"), {
        id: "bok_1",
        author,
        loans: [{ id: "lon_1", member: { id: "mem_1", name: "Ann" } }],
      }),
    ).toEqual({
      id: "bok_1",
      author: { id: "aut_1", name: "Jane", books: [{ id: "bok_2", name: "Persuasion", price: "0.05" }] },
      loans: [{ id: "lon_1", borrower: { id: "mem_1", name: "Ann" } }],
    });
  });
  test("a page of rows under `data`", () => {
    expect(v2.downData(operation("authors.get"), { id: "aut_1", books: { data: [{ title: "Emma" }], perPage: 5 } })).toEqual({
      id: "aut_1",
      books: { data: [{ name: "Emma" }], perPage: 5 },
    });
  });
  test("a dropped field chosen alone reads what it is made of and shows only itself", () => {
    const query = { fields: ["branch", "author.name"] };
    const up = v1.upQuery(operation("books.list"), query, true);
    expect(up.ok && up.value.fields).toContain("reference");
    expect(up.ok && up.value.fields).not.toContain("supplier");
    expect(v1.downData(operation("books.list"), [{ ...row, author: { id: "aut_1", fullName: "Jane" } }], query)).toEqual([
      { branch: "reading room", author: { name: "Jane" } },
    ]);
  });
});

test("a statistic's groups are fields, its measures are not", () => {
  const sized = resource(
    "things",
    { doc: "Things.", fields: { id: t.id("thg"), colour: t.string(), total: t.integer() } },
    ({ all, sum, max }) => ({
      rows: { staff: all },
      stats: { byColour: { group: ["colour"], measures: { total: sum("total"), most: max("total") } } },
    }),
  );
  const shed = compile(
    service("shed", {
      doc: "A shed.",
      version: "v2",
      roles: { staff: "Staff." },
      resources: [sized],
      older: [
        version("v1", {
          changes: [renamed("things", { from: "color", to: "colour" }), renamed("things", { from: "sum", to: "total" })],
        }),
      ],
    }),
  );
  const stats = shed.operations.get("things.stats.byColour");
  const old = versionView(shed, "v1");
  expect(stats === undefined ? undefined : old.downData(stats, [{ colour: "red", total: 5, most: 3 }])).toEqual([
    { color: "red", total: 5, most: 3 },
  ]);
  expect(old.contract.resources.get("things")?.stats["byColour"]?.group).toEqual(["color"]);
  expect(old.contract.resources.get("things")?.stats["byColour"]?.measures["total"]).toEqual({ kind: "sum", field: "sum" });
});

test("issues and details are named back, those of queries are left as the caller wrote them", () => {
  const issue = [{ code: "required" }];
  expect(Object.keys(v1.downIssues(operation("books.create"), { title: issue, "size.width": issue, pages: issue }))).toEqual([
    "heading",
    "size.width",
    "pages",
  ]);
  expect(v1.downIssues(operation("books.list"), { title: issue })).toEqual({ title: issue });
  expect(v1.downIssues(operation("loans.list"), { "include.member.sortBy": issue })).toEqual({
    "include.borrower.sortBy": issue,
  });
  expect(v1.downRefusal(operation("books.create"), invalid({ title: issue }))).toEqual(invalid({ heading: issue }));
  expect(
    v1.downRefusal(operation("books.create"), refuse("already_exists", { details: { fields: ["title", "isbn"] } })).details,
  ).toEqual({
    fields: ["heading", "isbn"],
  });
  const translated = v2.upBody(operation("authors.create"), { fullName: "Jane" }, false);
  expect(translated.ok ? {} : v2.downRefusal(operation("authors.create"), invalid(translated.issues)).issues).toEqual({
    fullName: [{ code: "unknown_field" }],
  });
  const plain = refuse("not_found");
  expect(v1.downRefusal(operation("books.get"), plain)).toBe(plain);
});

test("a replace keeps what its version cannot give", () => {
  expect([...v2.kept(operation("books.replace"))]).toEqual(["shelf"]);
  expect([...v1.kept(operation("books.update"))]).toEqual([]);
  expect([...v3.kept(operation("books.replace"))]).toEqual([]);
});

test("a version that does not exist is the programmer's mistake", () => {
  expect(() => versionView(contract, "v9")).toThrow("library has no version v9 (versions: v3, v2, v1)");
});

describe("declarations that do not fit", () => {
  const things = resource(
    "things",
    {
      doc: "Things.",
      fields: {
        id: t.id("thg"),
        name: t.string(),
        needed: t.integer(),
        code: t.string({ read: ["staff"], mask: "last4" }),
        other: t.ref("things", { optional: true }),
      },
    },
    ({ all, many }) => ({
      rows: { staff: all },
      access: { create: ["staff"] },
      relations: { parts: many("things", { by: "other" }) },
    }),
  );
  const problemsOf = (...older: VersionDefinition[]): readonly string[] => {
    try {
      compile(service("shed", { doc: "A shed.", version: "v9", roles: { staff: "Staff." }, resources: [things], older }));
      return [];
    } catch (error) {
      if (error instanceof DefinitionError) return error.problems;
      throw error;
    }
  };
  const as = (v: unknown) => v;
  const cases: readonly [string, VersionDefinition[], string][] = [
    ["fits", [version("v8", { changes: [renamed("things", { from: "title", to: "name" })] })], ""],
    [
      "unknown resource",
      [version("v8", { changes: [added("thinks", "name")] })],
      'version v8: thinks.name (added): no resource "thinks" (resources: things)',
    ],
    [
      "unknown field",
      [version("v8", { changes: [renamed("things", { from: "title", to: "nam" })] })],
      'version v8: things.title (renamed): the newer version has no field "nam" (fields: id, name, needed, code, other)',
    ],
    [
      "both names there",
      [version("v8", { changes: [renamed("things", { from: "needed", to: "name" })] })],
      'version v8: things.needed (renamed): the newer version has a field "needed" too: nothing was renamed',
    ],
    [
      "a relation's name",
      [version("v8", { changes: [renamed("things", { from: "parts", to: "name" })] })],
      'version v8: things.parts (renamed): "parts" is the name of a relation',
    ],
    [
      "the id",
      [version("v8", { changes: [renamed("things", { from: "key", to: "id" })] })],
      "version v8: things.key (renamed): the id can not be changed",
    ],
    [
      "required without default",
      [version("v8", { changes: [added("things", "needed")] })],
      "version v8: things.needed (added): is required on create: older clients need a `default`",
    ],
    [
      "a default of the wrong type",
      [version("v8", { changes: [added("things", "needed", { default: "x" })] })],
      'version v8: things.needed (added): its default "x" is refused: wrong_type',
    ],
    [
      "removed but there",
      [version("v8", { changes: [removed("things", "name", { field: t.string(), value: as })] })],
      "version v8: things.name (removed): the newer version has this field: nothing was removed",
    ],
    [
      "retyped and masked",
      [version("v8", { changes: [retyped("things", "code", { field: t.integer(), up: as, down: as })] })],
      "version v8: things.code (retyped): is masked for some readers: a masked value can not be retyped",
    ],
    [
      "a retyped reference",
      [version("v8", { changes: [retyped("things", "other", { field: t.integer(), up: as, down: as })] })],
      "version v8: things.other (retyped): a reference can not be retyped",
    ],
    [
      "a second version on the first's names",
      [
        version("v8", { changes: [renamed("things", { from: "title", to: "name" })] }),
        version("v7", { changes: [renamed("things", { from: "heading", to: "name" })] }),
      ],
      'version v7: things.heading (renamed): the newer version has no field "name" (fields: id, title, needed, code, other)',
    ],
    ["declared twice", [version("v9", { changes: [] })], "version v9: declared twice"],
    ["no version's name", [version("old", { changes: [] })], "version old: its name is not of the form v1"],
    [
      "no date",
      [version("v8", { changes: [], deprecated: "2026-02-30" })],
      'version v8: deprecated "2026-02-30" is no date YYYY-MM-DD',
    ],
    [
      "gone before announced",
      [version("v8", { changes: [], deprecated: "2026-03-01", sunset: "2026-02-01" })],
      "version v8: its sunset lies before `deprecated`",
    ],
  ];
  for (const [what, older, problem] of cases) {
    test(what, () => {
      expect(problemsOf(...older).join("\n")).toBe(problem);
    });
  }
});

test("the library's own versions fit", () => {
  expect(checkVersions(contract)).toEqual([]);
});
