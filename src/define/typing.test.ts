/**
 * The language is typed: this file's type check is the test. Each `@ts-expect-error` is a mistake that must not compile; without the mistake under it
 * the line itself is an error. Below, what a type cannot see is refused when it is defined, naming the resource and the field.
 */
import { describe, expect, test } from "bun:test";
import { compile } from "../contract/compile.ts";
import { and, contains, eq, gt, isNull, lt, now, oneOf, or, related, startsWith } from "./expression.ts";
import { type Field, type InputOf, type InsertOf, type RowOf, t } from "./field.ts";
import { command, query, rowOf } from "./function.ts";
import { type Behaviour, type ResourceTools, type Row, resource } from "./resource.ts";
import { type ServiceDefinition, service } from "./service.ts";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
/** Compiles only for `true`. */
const same = <_ extends true>(): void => undefined;

const customers = resource(
  "customers",
  {
    doc: "People.",
    fields: {
      id: t.id("cus"),
      name: t.string({ minLength: 1 }),
      country: t.country({ optional: true }),
      active: t.boolean({ default: true }),
    },
  },
  ({ all }) => ({ rows: { teller: all } }),
);

const accountFields = {
  id: t.id("acc"),
  customer: t.ref("customers"),
  name: t.string({ optional: true, maxLength: 100 }),
  balance: t.money({ write: "never", default: 0n }),
  status: t.enum(["active", "frozen"], { default: "active" }),
  opened: t.date(),
  rate: t.decimal({ optional: true }),
  photo: t.binary({ optional: true }),
  tags: t.array(t.string()),
  address: t.object({ city: t.string(), zip: t.string({ optional: true }) }),
  createdAt: t.dateTime({ set: "created" }),
};

interface Account {
  id: string;
  customer: string;
  name: string | null;
  balance: bigint;
  status: "active" | "frozen";
  opened: string;
  rate: string | null;
  photo: Uint8Array | null;
  tags: string[];
  address: { readonly city: string; readonly zip: string | null };
  createdAt: string;
}

describe("types that follow from fields", () => {
  test("rows, inserts, inputs", () => {
    same<Equal<RowOf<typeof accountFields>, Account>>();
    same<
      Equal<
        InputOf<{ reason: ReturnType<typeof t.string>; from: Field<string, { optional: true }> }>,
        { reason: string; from: string | null }
      >
    >();
    same<Equal<Row<typeof customers>, Readonly<{ id: string; name: string; country: string | null; active: boolean }>>>();

    const insert: InsertOf<typeof accountFields> = {
      customer: "cus_1",
      opened: "2026-01-31",
      tags: [],
      address: { city: "Wien", zip: null },
    };
    // @ts-expect-error `customer`, `tags` and `address` must be given
    const incomplete: InsertOf<typeof accountFields> = { opened: "2026-01-31" };
    // @ts-expect-error money is a bigint
    const wrong: InsertOf<typeof accountFields> = { ...insert, balance: 5 };
    // @ts-expect-error no such field
    const unknown: InsertOf<typeof accountFields> = { ...insert, currency: "EUR" };
    expect([insert, incomplete, wrong, unknown]).toBeArrayOfSize(4);
  });

  test("options belong to their kind", () => {
    // @ts-expect-error a boolean has no length
    t.boolean({ maxLength: 5 });
    // @ts-expect-error a string has no minimum
    t.string({ min: 1 });
    // @ts-expect-error misspelt
    t.string({ maxLenght: 1 });
    // @ts-expect-error money is bounded by bigints
    t.money({ min: 0 });
    // @ts-expect-error a decimal's bounds are strings
    t.decimal({ min: 0 });
    // @ts-expect-error the default is none of the values
    t.enum(["a", "b"], { default: "c" });
    // @ts-expect-error an integer's default is a number
    t.integer({ default: "1" });
    // @ts-expect-error no such mask
    t.string({ mask: "first4" });
    // @ts-expect-error only ids are chosen by clients
    t.ref("customers", { client: true });
    // @ts-expect-error an id needs its prefix
    t.id();
    // @ts-expect-error an object is made of fields
    t.object({ city: "string" });
    expect(t.string({ maxLength: 1 }).options.maxLength).toBe(1);
  });
});

describe("conditions", () => {
  test("compare a field with values of its own type", () => {
    const rules = resource("accounts", { doc: "Accounts.", fields: accountFields }, ({ rows, own, filter }) => ({
      rows: {
        customer: own("customer"),
        teller: rows((row, caller) => and(eq(row.customer, caller.subject), lt(row.createdAt, now))),
        auditor: rows(({ customer, status }) => or(eq(related(customer, "country"), "AT"), oneOf(status, ["active"]))),
        mistaken: rows((row) =>
          and(
            // @ts-expect-error a bigint, not a number
            lt(row.balance, 0),
            // @ts-expect-error none of the values
            eq(row.status, "closed"),
            // @ts-expect-error none of the values, in a list
            oneOf(row.status, ["closed"]),
            // @ts-expect-error a decimal is a string
            gt(row.rate, 1),
            // @ts-expect-error null is asked for with isNull
            eq(row.name, null),
            // @ts-expect-error only strings contain
            contains(row.balance, "1"),
            // @ts-expect-error a list is no string
            startsWith(row.tags, "a"),
            isNull(row.rate),
          ),
        ),
      },
      filters: {
        rich: filter({ from: t.money() }, ({ balance }, { from }) => gt(balance, from)),
        // @ts-expect-error the parameter is a string, the field money
        crossed: filter({ from: t.string() }, ({ balance }, { from }) => gt(balance, from)),
      },
    }));
    expect(Object.keys(rules.behaviour.filters ?? {})).toEqual(["rich", "crossed"]);
  });
});

describe("functions", () => {
  test("row, input and loaded are typed by their declarations", () => {
    const accounts = resource(
      "accounts",
      { doc: "Accounts.", fields: accountFields },
      ({ all, own, sum, command, query, guard }) => ({
        rows: { customer: own("customer"), teller: all },
        properties: { total: sum("balance") },
        guard: {
          update: guard((ctx, { row, changes }) => {
            same<Equal<typeof row, Account>>();
            same<Equal<typeof changes.status, "active" | "frozen" | undefined>>();
            return row.balance === 0n ? undefined : ctx.refuse("not_empty");
          }),
        },
        functions: {
          freeze: command({
            doc: "Freezes.",
            on: "item",
            roles: ["teller"],
            input: { reason: t.string(), until: t.date({ optional: true }) },
            load: ({ row, input }) => {
              same<Equal<typeof input, { readonly reason: string; readonly until: string | null }>>();
              return { holder: rowOf(customers, row.customer) };
            },
            run: (ctx, { row, input, loaded }) => {
              same<Equal<typeof row, Account>>();
              same<Equal<typeof input.until, string | null>>();
              same<Equal<typeof loaded.holder, Row<typeof customers> | undefined>>();
              // @ts-expect-error nothing of this name is loaded
              void loaded.owner;
              // @ts-expect-error no such input
              void input.because;
              // @ts-expect-error no such field
              void row.currency;
              const table = ctx.table(customers);
              table.update(row.customer, { active: false });
              // @ts-expect-error no such field
              table.update(row.customer, { actve: false });
              // @ts-expect-error a boolean
              table.update(row.customer, { active: "no" });
              table.insert({ name: "Ann" });
              // @ts-expect-error `name` must be given
              table.insert({ active: true });
              void table.find(({ country }) => eq(country, "AT"));
              // @ts-expect-error no such field
              void table.find(({ state }) => eq(state, "AT"));
              return row;
            },
          }),
          statement: query({
            doc: "Reads only.",
            on: "item",
            roles: ["teller"],
            output: { total: t.money() },
            run: async (ctx, { row }) => {
              // @ts-expect-error a query inserts nothing
              void ctx.table(customers).insert;
              // @ts-expect-error a query emits nothing
              void ctx.emit;
              return { total: row.balance };
            },
          }),
          sweep: command({
            doc: "On the collection there is no row.",
            on: "collection",
            roles: ["teller"],
            output: "none",
            run: (_ctx, { row }) => {
              same<Equal<typeof row, undefined>>();
            },
          }),
          // @ts-expect-error `on` is item, collection or free
          wrong: command({ doc: "Wrong.", on: "row", roles: ["teller"], run: () => undefined }),
          // @ts-expect-error who may call it?
          nobody: command({ doc: "Nobody.", on: "item", run: () => undefined }),
        },
      }),
    );
    expect(Object.keys(accounts.behaviour.functions ?? {})).toBeArrayOfSize(5);
  });

  test("free functions", () => {
    const quote = query({
      doc: "Quotes.",
      roles: ["teller"],
      input: { amount: t.money({ min: 1n }) },
      output: { fee: t.money() },
      run: (_ctx, { input, row }) => {
        same<Equal<typeof input, { readonly amount: bigint }>>();
        same<Equal<typeof row, undefined>>();
        return { fee: input.amount / 100n };
      },
    });
    // @ts-expect-error a free function is not on something
    const placed = command({ doc: "Placed.", on: "item", roles: ["teller"], output: "none", run: () => undefined });
    expect([quote.on, placed.kind]).toEqual(["free", "command"]);
  });
});

/** A service of one resource, with what is under test put in. */
const serviceWith = (
  behaviour: (tools: ResourceTools<typeof accountFields>) => Behaviour,
  fields: Record<string, Field> = {},
): ServiceDefinition =>
  service("bank", {
    doc: "A bank.",
    version: "v1",
    roles: { teller: "Staff." },
    resources: [
      customers,
      resource("accounts", { doc: "Accounts.", fields: { ...accountFields, ...fields } }, (tools) => behaviour(tools as never)),
    ],
  });

const plain = ({ all }: Pick<ResourceTools<typeof accountFields>, "all">): Behaviour => ({ rows: { teller: all } });

type Tools = ResourceTools<typeof accountFields>;

// @ts-expect-error no such field
const ownedByHolder = ({ own }: Tools): Behaviour => ({ rows: { teller: own("holder") } });

// @ts-expect-error no such field
const seenByHolder = ({ rows }: Tools): Behaviour => ({ rows: { teller: rows((row) => eq(row.holder, "x")) } });

const totalOfAmount = ({ all, sum }: Tools): Behaviour => ({
  rows: { teller: all },
  // @ts-expect-error no such field
  properties: { total: sum("amount") },
});

const filteredByDebt = ({ all, filter }: Tools): Behaviour => ({
  rows: { teller: all },
  // @ts-expect-error no such field
  filters: { poor: filter(({ debt }) => lt(debt, 0n)) },
});

describe("definitions that do not fit name the resource and the field", () => {
  const mistakes: readonly (readonly [says: readonly string[], define: () => unknown])[] = [
    [["accounts", "holder"], () => serviceWith(ownedByHolder)],
    [["accounts", "holder"], () => serviceWith(seenByHolder)],
    [["accounts", "amount"], () => serviceWith(totalOfAmount)],
    [["accounts", "debt"], () => serviceWith(filteredByDebt)],
    [["accounts.rows", "clerk"], () => compile(serviceWith(({ all }) => ({ rows: { clerk: all } })))],
    [["accounts.branch", "branches"], () => compile(serviceWith(plain, { branch: t.ref("branches") }))],
    [["accounts.code", "(a+)+", "many ways"], () => compile(serviceWith(plain, { code: t.string({ pattern: "(a+)+" }) }))],
    [["accounts.iban", "mask"], () => compile(serviceWith(plain, { iban: t.string({ mask: "last4" }) }))],
    [["accounts.iban", "clerk"], () => compile(serviceWith(plain, { iban: t.string({ read: ["clerk"] }) }))],
    [["accounts.Wrong-name"], () => compile(serviceWith(plain, { "Wrong-name": t.string() }))],
    [["accounts.constructor"], () => compile(serviceWith(plain, { constructor: t.string() }))],
    [["accounts.home.constructor"], () => compile(serviceWith(plain, { home: t.object({ constructor: t.string() }) }))],
    [["accounts.sortBy", "size"], () => compile(serviceWith(({ all }) => ({ rows: { teller: all }, sortBy: "size.desc" })))],
    [
      ["accounts.access.create", "clerk"],
      () => compile(serviceWith(({ all }) => ({ rows: { teller: all }, access: { create: ["clerk"] } }))),
    ],
    [
      ["accounts.relations.loans", "loans"],
      () => compile(serviceWith(({ all, many }) => ({ rows: { teller: all }, relations: { loans: many("loans") } }))),
    ],
  ];
  test.each(mistakes.map(([says, define]) => ({ title: says.join(", "), says, define })))("$title", ({ says, define }) => {
    let text = "";
    try {
      define();
    } catch (error) {
      text = String(error);
    }
    for (const part of says) expect(text).toInclude(part);
  });
  test("what fits compiles", () => expect(compile(serviceWith(plain)).resources.size).toBe(2));
});
