/** The contract lock: its form, its rules (a line is a case), and that a breaking change needs a reason. */
import { describe, expect, test } from "bun:test";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compile } from "../../src/contract/compile.ts";
import {
  checkLock,
  diffContracts,
  formatDiff,
  formatLock,
  lockOf,
  parseLock,
  readLock,
  updateLock,
  writeLock,
} from "../../src/contract/lock/index.ts";
import {
  eq,
  type Field,
  renamed,
  resource,
  type ResourceTools,
  service,
  t,
  version,
  type VersionDefinition,
} from "../../src/index.ts";
import library from "./library.ts";

interface ShopOptions {
  readonly fields?: Readonly<Record<string, Field>>;
  readonly behaviour?: (tools: ResourceTools<never>) => object;
  readonly older?: readonly VersionDefinition[];
  readonly extra?: boolean;
  readonly version?: string;
}

/** A shop with one resource, altered by a case. */
const shop = ({ fields = {}, behaviour = () => ({}), older = [], extra = false, version: name = "v2" }: ShopOptions = {}) => {
  const items = resource(
    "items",
    {
      doc: "Goods.",
      fields: {
        id: t.id("itm"),
        name: t.string({ minLength: 2, maxLength: 50 }),
        price: t.money({ min: 0n, max: 1000n }),
        state: t.enum(["new", "used"], { default: "new" }),
        note: t.text({ optional: true }),
        ...fields,
      },
    },
    (tools) => ({
      rows: { seller: tools.all, buyer: tools.all },
      access: { create: ["seller", "buyer"], update: ["seller"] },
      filters: {
        cheap: tools.filter({ below: t.integer({ optional: true }) }, ({ state }) => eq(state as never, "new")),
      },
      functions: {
        reserve: tools.command({
          on: "item",
          doc: "Keeps it.",
          roles: ["buyer"],
          input: { days: t.integer({ min: 1, max: 30 }) },
          output: { until: t.date() },
          refusals: { taken: { status: 409, doc: "Someone else has it." } },
          run: () => ({ until: "2026-01-01" }),
        }),
      },
      ...behaviour(tools as never),
    }),
  );
  const more = resource("shelves", { doc: "Shelves.", fields: { id: t.id("shl") } }, ({ all }) => ({ rows: { seller: all } }));
  return compile(
    service("shop", {
      doc: "A shop.",
      version: name,
      roles: { seller: "Sells.", buyer: "Buys." },
      resources: extra ? [items, more] : [items],
      older,
    }),
  );
};

const base = lockOf(shop());
const diff = (options: ShopOptions, today = "2026-11-22") =>
  diffContracts(base, lockOf(shop(options), base), { today }).map(
    ({ kind, where, what }) => `${kind === "breaking" ? "✗" : "+"} ${where}: ${what}`,
  );

const reserve = (tools: ResourceTools<never>, change: object) => ({
  functions: {
    reserve: tools.command({
      on: "item",
      doc: "Keeps it.",
      roles: ["buyer"],
      input: { days: t.integer({ min: 1, max: 30 }) },
      output: { until: t.date() },
      refusals: { taken: { status: 409, doc: "Someone else has it." } },
      run: () => undefined,
      ...change,
    } as never),
  },
});

describe("rules", () => {
  const cases: readonly [string, ShopOptions, readonly string[]][] = [
    ["nothing changed", {}, []],
    [
      "documents changed",
      { fields: { name: t.string({ minLength: 2, maxLength: 50, doc: "New words.", example: "Lamp" }) } },
      [],
    ],
    [
      "a resource more",
      { extra: true },
      [
        "+ v2: resource shelves was added",
        "+ v2: operation shelves.count was added",
        "+ v2: operation shelves.get was added",
        "+ v2: operation shelves.list was added",
      ],
    ],
    [
      "an optional field more",
      { fields: { colour: t.string({ optional: true }) } },
      [
        "+ v2 items: field colour was added",
        "+ v2 items.create input: field colour was added",
        "+ v2 items.get: address GET /items/{id}/colour was added",
      ],
    ],
    [
      "a required field more",
      { fields: { colour: t.string() } },
      ["✗ v2 items.create input: needs colour", "✗ v2 items.replace input: needs colour"],
    ],
    [
      "a limit narrowed",
      { fields: { name: t.string({ minLength: 2, maxLength: 40 }) } },
      [
        "✗ v2 items.create input name: maxLength 50 → 40: values that were accepted are refused",
        "+ v2 items name: maxLength 50 → 40",
      ],
    ],
    [
      "a limit widened",
      { fields: { name: t.string({ minLength: 1, maxLength: 50 }) } },
      ["+ v2 items.create input name: minLength 2 → 1"],
    ],
    ["a limit dropped", { fields: { name: t.string({ maxLength: 50 }) } }, ["+ v2 items.create input name: minLength 2 → none"]],
    [
      "a limit of money narrowed",
      { fields: { price: t.money({ min: 0n, max: 999n }) } },
      ["✗ v2 items.create input price: max 1000 → 999: values that were accepted are refused"],
    ],
    [
      "a pattern",
      { fields: { name: t.string({ minLength: 2, maxLength: 50, pattern: "[a-z]+" }) } },
      ["✗ v2 items.create input name: pattern none → [a-z]+: values that were accepted may be refused"],
    ],
    [
      "another type",
      { fields: { note: t.integer({ optional: true }) } },
      ["✗ v2 items note: kind text → integer", "✗ v2 items.create input note: kind text → integer"],
    ],
    [
      "an enum value gone",
      { fields: { state: t.enum(["new"], { default: "new" }) } },
      ["✗ v2 items state: value used was removed", "✗ v2 items.create input state: value used was removed"],
    ],
    [
      "an enum value more",
      { fields: { state: t.enum(["new", "used", "broken"], { default: "new" }) } },
      ["+ v2 items state: value broken was added", "+ v2 items.create input state: value broken was added"],
    ],
    [
      "another default",
      { fields: { state: t.enum(["new", "used"], { default: "used" }) } },
      ["✗ v2 items.create input state: default new → used"],
    ],
    ["no default", { fields: { state: t.enum(["new", "used"]) } }, ["✗ v2 items.create input state: must be given now"]],
    [
      "optional now",
      { fields: { name: t.string({ minLength: 2, maxLength: 50, optional: true }) } },
      ["✗ v2 items name: may be null now", "+ v2 items.create input name: may be left out now"],
    ],
    [
      "needed now",
      { fields: { note: t.text() } },
      [
        "✗ v2 items.create input note: must be given now",
        "✗ v2 items.create input note: null is refused",
        "+ v2 items note: is never null any more",
      ],
    ],
    [
      "read by fewer",
      { fields: { note: t.text({ optional: true, read: ["seller"] }) } },
      ["✗ v2 items note: can only be read by seller now"],
    ],
    [
      "masked",
      { fields: { note: t.text({ optional: true, read: ["seller"], mask: "hidden" }) } },
      ["✗ v2 items note: is masked (hidden)"],
    ],
    [
      "not filterable",
      { fields: { note: t.text({ optional: true, filter: false }) } },
      ["✗ v2 items note: can no longer be filtered or sorted by"],
    ],
    [
      "not writable",
      { fields: { note: t.text({ optional: true, write: "never" }) } },
      ["✗ v2 items.create input: field note was removed", "✗ v2 items.update: address PATCH /items/{id}/note was removed"],
    ],
    [
      "a role gone",
      { behaviour: () => ({ access: { create: ["seller"], update: ["seller"] } }) },
      ["✗ v2 items.create: role buyer was removed"],
    ],
    [
      "a role more",
      { behaviour: () => ({ access: { create: ["seller", "buyer"], update: ["seller", "buyer"] } }) },
      ["+ v2 items.update: role buyer was added"],
    ],
    [
      "an operation gone",
      { behaviour: () => ({ access: { create: ["seller", "buyer"] } }) },
      ["✗ v2: operation items.update was removed", "✗ v2: operation items.replace was removed"],
    ],
    [
      "a refusal with another status",
      { behaviour: (tools) => reserve(tools, { refusals: { taken: { status: 422, doc: "…" } } }) },
      ["✗ v2 items.reserve: refusal taken has status 422, not 409"],
    ],
    [
      "a refusal more and one less",
      { behaviour: (tools) => reserve(tools, { refusals: { gone_for_good: { status: 409, doc: "…" } } }) },
      ["+ v2 items.reserve: never refuses with taken any more", "+ v2 items.reserve: may refuse with gone_for_good (409)"],
    ],
    [
      "an answer without a field",
      { behaviour: (tools) => reserve(tools, { output: { from: t.date() } }) },
      ["✗ v2 items.reserve output: field until was removed", "+ v2 items.reserve output: field from was added"],
    ],
    [
      "another answer",
      { behaviour: (tools) => reserve(tools, { output: "row" }) },
      ["✗ v2 items.reserve: answers row, not fields until"],
    ],
    ["a filter gone", { behaviour: () => ({ filters: {} }) }, ["✗ v2 items: filter cheap was removed"]],
    [
      "a filter that needs more",
      {
        behaviour: (tools) => ({
          filters: { cheap: tools.filter({ below: t.integer() }, ({ state }) => eq(state, "new")) },
        }),
      },
      ["✗ v2 items filter cheap below: must be given now"],
    ],
    ["smaller pages", { behaviour: () => ({ maxPerPage: 50 }) }, ["✗ v2 items: maxPerPage 100 → 50: larger pages are refused"]],
    ["another order", { behaviour: () => ({ sortBy: "name" }) }, ["✗ v2 items: sorted by name.asc, not by id.asc"]],
    ["a version less", { version: "v3" }, ["✗ v2: the version was removed", "+ v3: the version was added"]],
  ];
  for (const [what, options, expected] of cases) {
    test(what, () => {
      const found = diff(options);
      if (expected.length === 0) expect(found).toEqual([]);
      for (const line of expected) expect(found).toContain(line);
      if (!expected.some((line) => line.startsWith("✗"))) expect(found.filter((line) => line.startsWith("✗"))).toEqual([]);
    });
  }

  test("a field renamed with a declared older version breaks nothing and keeps its number", () => {
    const renamedShop: ShopOptions = {
      version: "v3",
      fields: { title: t.string({ minLength: 2, maxLength: 50 }), name: undefined as never },
      older: [version("v2", { changes: [renamed("items", { from: "name", to: "title" })] })],
    };
    const without = (options: ShopOptions) => {
      const { name: _name, ...fields } = options.fields ?? {};
      return { ...options, fields };
    };
    expect(() => shop(renamedShop)).toThrow();
    const items = resource("items", { doc: "Goods.", fields: { id: t.id("itm"), title: t.string() } }, ({ all }) => ({
      rows: { seller: all },
      access: { create: ["seller"] },
    }));
    const before = resource("items", { doc: "Goods.", fields: { id: t.id("itm"), name: t.string() } }, ({ all }) => ({
      rows: { seller: all },
      access: { create: ["seller"] },
    }));
    const roles = { seller: "Sells." };
    const locked = lockOf(compile(service("shop", { doc: "A shop.", version: "v2", roles, resources: [before] })));
    const now = lockOf(
      compile(
        service("shop", { doc: "A shop.", version: "v3", roles, resources: [items], older: without(renamedShop).older ?? [] }),
      ),
      locked,
    );
    expect(diffContracts(locked, now).map(({ kind, where, what }) => `${kind} ${where}: ${what}`)).toEqual([
      "compatible v3: the version was added",
    ]);
    expect(locked.numbers["items"]).toEqual({ id: 1, name: 2 });
    expect(now.numbers["items"]).toEqual({ id: 1, title: 2 });
    const undeclared = lockOf(compile(service("shop", { doc: "A shop.", version: "v2", roles, resources: [items] })), locked);
    expect(
      diffContracts(locked, undeclared)
        .filter(({ kind }) => kind === "breaking")
        .map(({ what }) => what),
    ).toContain("field name was removed");
    expect(undeclared.numbers["items"]).toEqual({ id: 1, name: 2, title: 3 });
  });

  test("a version may go after its sunset, not before; a sunset may not come earlier", () => {
    const roles = { seller: "Sells." };
    const things = resource("things", { doc: "Things.", fields: { id: t.id("thg") } }, ({ all }) => ({ rows: { seller: all } }));
    const contract = (older: readonly VersionDefinition[]) =>
      compile(service("shop", { doc: "A shop.", version: "v2", roles, resources: [things], older }));
    const locked = lockOf(contract([version("v1", { changes: [], deprecated: "2026-01-01", sunset: "2027-01-01" })]));
    const told = (older: readonly VersionDefinition[], today: string) =>
      diffContracts(locked, lockOf(contract(older), locked), { today }).map(({ kind, what }) => `${kind} ${what}`);
    expect(told([], "2026-12-31")).toEqual(["breaking the version was removed"]);
    expect(told([], "2027-01-01")).toEqual(["compatible the version was removed after its sunset on 2027-01-01"]);
    expect(told([version("v1", { changes: [], deprecated: "2026-01-01", sunset: "2026-12-01" })], "2026-11-22")).toEqual([
      "breaking sunset 2027-01-01 → 2026-12-01: earlier than announced",
    ]);
    expect(told([version("v1", { changes: [], deprecated: "2026-01-01", sunset: "2028-01-01" })], "2026-11-22")).toEqual([
      "compatible sunset 2027-01-01 → 2028-01-01",
    ]);
  });
});

describe("form", () => {
  test("two compilations give the same bytes, and reading gives back what was written", () => {
    const text = formatLock(lockOf(compile(library)));
    expect(formatLock(lockOf(compile(library)))).toBe(text);
    expect(formatLock(parseLock(text))).toBe(text);
  });
  test("the order of a definition is not part of the contract, its numbers are", () => {
    const reordered = lockOf(shop({ fields: { note: t.text({ optional: true }) } }), base);
    expect(formatLock(reordered)).toBe(formatLock(base));
    expect(base.numbers["items"]).toEqual({ id: 1, name: 2, price: 3, state: 4, note: 5 });
    expect(base.numbers["items.state"]).toEqual({ new: 1, used: 2 });
    expect(base.numbers["items.reserve.input"]).toEqual({ days: 1 });
  });
  test("one line per field and operation", () => {
    const lines = formatLock(base).split("\n");
    expect(lines.filter((line) => line.includes('"name": {"kind":"string","maxLength":50,"minLength":2}'))).toHaveLength(4);
    expect(lines).toContain('          "addresses": ["POST /items/{id}/reserve"],');
    expect(lines).toContain('    "items": {"id":1,"name":2,"price":3,"state":4,"note":5},');
  });
  test("numbers of removed fields stay taken", () => {
    const narrowed = lockOf(shop(), lockOf(shop({ fields: { colour: t.string({ optional: true }) } }), base));
    const again = lockOf(shop({ fields: { weight: t.string({ optional: true }) } }), narrowed);
    expect(again.numbers["items"]).toEqual({ id: 1, name: 2, price: 3, state: 4, note: 5, colour: 6, weight: 7 });
  });
  test("a changed number is breaking", () => {
    const swapped = { ...base, numbers: { ...base.numbers, items: { ...base.numbers["items"], name: 3, price: 2 } } };
    expect(diffContracts(base, swapped).map(({ what }) => what)).toEqual([
      "name has number 3, not 2",
      "price has number 2, not 3",
    ]);
  });
  test("the diff reads like a sentence, breaking changes first", () => {
    const text = formatDiff(
      diffContracts(base, lockOf(shop({ fields: { name: t.string({ minLength: 1, maxLength: 40 }) } }), base)),
    );
    expect(text.split("\n").slice(0, 2)).toEqual([
      "3 breaking changes, 5 compatible changes",
      "  ✗ v2 items.create input name: maxLength 50 → 40: values that were accepted are refused",
    ]);
  });
});

describe("file", () => {
  const today = "2026-11-22";
  const narrowed = shop({ fields: { name: t.string({ minLength: 2, maxLength: 40 }) } });
  const inFolder = async (run: (path: string) => Promise<void>) => {
    const folder = await mkdtemp(join(tmpdir(), "pons-lock-"));
    try {
      await run(join(folder, "contract.lock"));
    } finally {
      await rm(folder, { recursive: true });
    }
  };

  test("a breaking change is written only with a reason, which is kept", () =>
    inFolder(async (path) => {
      expect((await checkLock(path, shop(), { today })).state).toBe("missing");
      expect(await writeLock(path, shop(), { today })).toMatchObject({ ok: true, changed: true });
      expect(await checkLock(path, shop(), { today })).toEqual({ state: "current", changes: [], text: "" });
      const broken = await checkLock(path, narrowed, { today });
      expect(broken.state).toBe("broken");
      expect(broken.text).toContain("✗ v2 items.create input name: maxLength 50 → 40: values that were accepted are refused");
      const before = await readFile(path, "utf8");
      expect(await writeLock(path, narrowed, { today })).toMatchObject({ ok: false });
      expect(await writeLock(path, narrowed, { today, acceptBreaking: "  " })).toMatchObject({ ok: false });
      expect(await readFile(path, "utf8")).toBe(before);
      expect(await writeLock(path, narrowed, { today, acceptBreaking: "Labels are 40 wide." })).toMatchObject({ ok: true });
      expect((await readLock(path))?.accepted).toMatchObject([{ date: today, reason: "Labels are 40 wide." }]);
      expect((await checkLock(path, narrowed, { today })).state).toBe("current");
    }));

  test("a compatible change makes the lock outdated, not broken", () =>
    inFolder(async (path) => {
      await writeLock(path, shop(), { today });
      const check = await checkLock(path, shop({ extra: true }), { today });
      expect(check.state).toBe("outdated");
      expect(check.text).toContain("+ v2: resource shelves was added");
      expect(await writeLock(path, shop({ extra: true }), { today })).toMatchObject({ ok: true, changed: true });
      expect(await writeLock(path, shop({ extra: true }), { today })).toMatchObject({ ok: true, changed: false });
    }));

  test("a file that is no lock is named", () =>
    inFolder(async (path) => {
      await writeFile(path, "{}");
      expect(readLock(path)).rejects.toThrow(`${path}: not a contract lock of form 1`);
      await writeFile(path, "{");
      expect(readLock(path)).rejects.toThrow(path);
    }));

  test("without a present lock everything is new and nothing breaks", () => {
    expect(updateLock(shop(), undefined, { today })).toMatchObject({ ok: true, changed: true, changes: [] });
  });
});
