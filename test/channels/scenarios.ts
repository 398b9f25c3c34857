/**
 * What is asked of every channel in the same words, and what has to be answered. A scenario is a list of steps; a step may use what earlier ones answered. What
 * is expected is written down here; beyond that, all channels are compared with REST.
 */
import type { Input } from "../../src/pipeline/call.ts";
import type { Heard } from "./driver.ts";

/** Keys of callers: of one tenant two roles, and of another tenant. */
export type Who = "seller" | "buyer" | "watcher" | "foreigner" | "nobody" | "unknown" | "limited" | "spender";

export interface Step {
  readonly as?: Who;
  readonly operation: string;
  readonly version?: string;
  readonly input?: Input;
  readonly headers?: Readonly<Record<string, string>>;
  /** `done` unless said otherwise. */
  readonly outcome?: string;
  /** Parts of the data that are expected. */
  readonly data?: unknown;
  /** Fields of which something has to be said. */
  readonly issues?: readonly string[];
  readonly message?: string | RegExp;
  readonly replayed?: boolean;
  /** Further demands on the answer; throws. */
  readonly check?: (heard: Heard) => void;
}

export interface Scenario {
  readonly name: string;
  /** `tag` differs from channel to channel; `earlier`: what was heard so far. */
  steps(tag: string, known: { readonly stall: string; readonly ware: string }): readonly ((earlier: readonly Heard[]) => Step)[];
}

const row = (heard: Heard | undefined): Readonly<Record<string, unknown>> => (heard?.data ?? {}) as Record<string, unknown>;
const idOf = (heard: Heard | undefined): string => String(row(heard)["id"]);
const always =
  (step: Step): (() => Step) =>
  () =>
    step;

const equal = (field: string, ...values: readonly unknown[]): NonNullable<NonNullable<Input["query"]>["filters"]>[number] => ({
  path: field,
  op: "eq",
  values,
  as: field,
});

/** Beyond what a double holds exactly. */
const great = "9007199254740993";

export const scenarios: readonly Scenario[] = [
  {
    name: "a row's life",
    steps: (tag, { stall }) => [
      always({
        operation: "wares.create",
        input: {
          body: {
            stall,
            name: `Pot ${tag}`,
            price: 1250,
            weight: "1.250",
            madeOn: "2026-02-03",
            shownAt: "2026-02-03T04:05:06.000Z",
            note: "Two\nlines <&> “quoted”",
            tags: ["a", "b,c"],
          },
        },
        data: {
          stall,
          name: `Pot ${tag}`,
          price: 1250,
          currency: "EUR",
          stock: 5,
          weight: "1.25",
          state: "offered",
          isFragile: false,
          madeOn: "2026-02-03",
          shownAt: "2026-02-03T04:05:06.000Z",
          note: "Two\nlines <&> “quoted”",
          tags: ["a", "b,c"],
          edition: 1,
        },
      }),
      ([made]) => ({ operation: "wares.get", input: { id: idOf(made) }, data: row(made) }),
      ([made]) => ({
        operation: "wares.update",
        input: { id: idOf(made), body: { note: null, stock: 7, isFragile: true } },
        data: { ...row(made), note: null, stock: 7, isFragile: true, edition: 2 },
      }),
      ([made, , changed]) => ({ operation: "wares.get", input: { id: idOf(made) }, data: row(changed) }),
      ([made]) => ({ operation: "wares.sell", input: { id: idOf(made), body: { amount: 3 } }, data: { stock: 4 } }),
      ([made]) => ({
        operation: "wares.quote",
        input: { id: idOf(made), body: { amount: 4 } },
        data: { total: 5000, currency: "EUR" },
      }),
      ([made]) => ({
        operation: "wares.replace",
        input: { id: idOf(made), body: { stall, name: `Pan ${tag}`, price: 900 } },
        data: { name: `Pan ${tag}`, price: 900, stock: 5, tags: null, weight: null },
      }),
      ([made]) => ({ operation: "wares.delete", input: { id: idOf(made) } }),
      ([made]) => ({ operation: "wares.get", input: { id: idOf(made) }, outcome: "not_found" }),
    ],
  },
  {
    name: "lists: filters, order, pages, counts, statistics",
    steps: (tag, { stall }) => [
      ...["Ape", "Bee", "Cat", "Dog"].map((name, at) =>
        always({
          operation: "wares.create",
          input: { body: { stall, name: `${name} ${tag}`, price: at, stock: at, isFragile: at > 1 } },
        }),
      ),
      always({
        operation: "wares.list",
        input: {
          query: {
            filters: [
              { path: "name", op: "contains", values: [tag], as: "name~=" },
              { path: "price", op: "gte", values: [1], as: "price>=" },
            ],
            sortBy: ["price.desc"],
            perPage: 2,
            page: 1,
          },
        },
        check: (heard) => {
          const names = (heard.data as readonly Record<string, unknown>[]).map(({ name }) => name);
          if (names.join() !== `Dog ${tag},Cat ${tag}`) throw new Error(`listed: ${names.join()}`);
        },
      }),
      always({
        operation: "wares.list",
        input: {
          query: {
            filters: [
              { path: "name", op: "contains", values: [tag], as: "name~=" },
              equal("isFragile", true),
              equal("stall", stall),
            ],
          },
        },
        check: (heard) => {
          if ((heard.data as readonly unknown[]).length !== 2) throw new Error(`listed: ${JSON.stringify(heard.data)}`);
        },
      }),
      always({
        operation: "wares.list",
        input: { query: { filters: [equal("name", `Ape ${tag}`, `Bee ${tag}`)], sortBy: ["name.asc"] } },
        check: (heard) => {
          if ((heard.data as readonly unknown[]).length !== 2) throw new Error(`listed: ${JSON.stringify(heard.data)}`);
        },
      }),
      always({ operation: "wares.list", input: { query: { named: [{ name: "named", params: { name: `Cat ${tag}` } }] } } }),
      always({ operation: "wares.list", input: { query: { filters: [equal("name", `none ${tag}`)] } }, data: [] }),
      always({ operation: "wares.list", input: { query: { page: 4000 } }, outcome: "page_not_found" }),
      always({ operation: "wares.list", input: { query: { filters: [equal("stock", "many")] } }, outcome: "validation_failed" }),
    ],
  },
  {
    name: "who may not",
    steps: (tag, { stall, ware }) => [
      always({ as: "nobody", operation: "wares.get", input: { id: ware }, outcome: "unauthenticated" }),
      always({ as: "unknown", operation: "wares.get", input: { id: ware }, outcome: "invalid_credentials" }),
      always({ as: "watcher", operation: "wares.get", input: { id: ware }, outcome: "forbidden" }),
      always({
        as: "buyer",
        operation: "wares.create",
        input: { body: { stall, name: `No ${tag}`, price: 1 } },
        outcome: "forbidden",
      }),
      always({ as: "foreigner", operation: "wares.get", input: { id: ware }, outcome: "not_found" }),
      always({ as: "foreigner", operation: "wares.update", input: { id: ware, body: { stock: 1 } }, outcome: "not_found" }),
      always({ operation: "wares.get", input: { id: "war_00000000000000000000000000" }, outcome: "not_found" }),
      always({
        as: "watcher",
        operation: "greet",
        input: { body: { name: "you", times: 2 } },
        data: { text: "Hello you, Hello you" },
      }),
    ],
  },
  {
    name: "what is wrong is named",
    steps: (tag, { stall, ware }) => [
      always({
        operation: "wares.create",
        input: { body: { stall, name: "x", price: -1, stock: 5_000 } },
        outcome: "validation_failed",
        issues: ["name", "price", "stock"],
      }),
      always({ operation: "wares.create", input: { body: { stall } }, outcome: "validation_failed", issues: ["name", "price"] }),
      always({
        operation: "wares.create",
        input: { body: { stall: "stl_00000000000000000000000000", name: `Ref ${tag}`, price: 1 } },
        outcome: "invalid_reference",
      }),
      always({
        operation: "wares.sell",
        input: { id: ware, body: { amount: 101 } },
        outcome: "validation_failed",
        issues: ["amount"],
      }),
      always({ operation: "greet", input: { body: { name: "" } }, outcome: "validation_failed", issues: ["name"] }),
      always({
        operation: "wares.create",
        input: { body: { stall, name: "x", price: 1 } },
        headers: { "accept-language": "de-AT,en;q=0.5" },
        outcome: "validation_failed",
        issues: ["name"],
        check: ({ issues }) => {
          if (!JSON.stringify(issues).includes("Feld „Name“")) throw new Error(`said: ${JSON.stringify(issues)}`);
        },
      }),
    ],
  },
  {
    name: "refusals of the business, in the caller's language",
    steps: (tag, { stall }) => [
      always({ operation: "stalls.create", input: { body: { name: `Twice ${tag}` } } }),
      always({ operation: "stalls.create", input: { body: { name: `Twice ${tag}` } }, outcome: "already_exists" }),
      always({ operation: "wares.create", input: { body: { stall, name: `Few ${tag}`, price: 1, stock: 2 } } }),
      ([, , made]) => ({
        operation: "wares.sell",
        input: { id: idOf(made), body: { amount: 3 } },
        outcome: "out_of_stock",
        message: "Only 2 are left.",
        check: ({ details }) => {
          if (details?.["left"] !== 2) throw new Error(`details: ${JSON.stringify(details)}`);
        },
      }),
      ([, , made]) => ({
        operation: "wares.sell",
        input: { id: idOf(made), body: { amount: 3 } },
        headers: { "accept-language": "de" },
        outcome: "out_of_stock",
        message: "Es sind nur noch 2 da.",
      }),
    ],
  },
  {
    name: "SECURITY 35: amounts are exact, and nothing else is one",
    steps: (tag, { stall }) => [
      always({
        operation: "wares.create",
        input: { body: { stall, name: `Much ${tag}`, price: great } },
        check: (heard) => {
          if (String(row(heard)["price"]) !== great) throw new Error(`price: ${String(row(heard)["price"])}`);
        },
      }),
      ([made]) => ({
        operation: "wares.get",
        input: { id: idOf(made) },
        check: (heard) => {
          if (String(row(heard)["price"]) !== great) throw new Error(`price: ${String(row(heard)["price"])}`);
        },
      }),
      ...["1,00", "٣", "1e400", "0.1"].map((price) =>
        always({
          operation: "wares.create",
          input: { body: { stall, name: `Wrong ${tag}`, price } },
          check: () => undefined,
          outcome: "refused",
        }),
      ),
    ],
  },
  {
    name: "SECURITY 40: a filter is of fields and operators alone, and its values are values",
    steps: (tag, { stall }) => [
      always({ operation: "wares.create", input: { body: { stall, name: `Bound ${tag}`, price: 1 } } }),
      ...["name OR 1=1", "constructor", "$where", "name') --", "stall.constructor"].map((path) =>
        always({ operation: "wares.list", input: { query: { filters: [equal(path, "x")] } }, outcome: "refused" }),
      ),
      ...["(SELECT 1).desc", "constructor.asc", "name; DROP TABLE wares.asc"].map((order) =>
        always({ operation: "wares.list", input: { query: { sortBy: [order] } }, outcome: "refused" }),
      ),
      ...["' OR '1'='1", "\\' OR 1=1 --", "$ne"].map((value) =>
        always({ operation: "wares.list", input: { query: { filters: [equal("name", value)] } }, data: [] }),
      ),
      ...["%", "_______________________________________", ".*"].map((value) =>
        always({
          operation: "wares.list",
          input: { query: { filters: [{ path: "name", op: "contains", values: [value], as: "name~=" }] } },
          data: [],
        }),
      ),
    ],
  },
  {
    name: "SECURITY 50: names that every object has are no fields",
    steps: (tag, { stall, ware }) => [
      ...["constructor", "__proto__", "prototype", "toString", "hasOwnProperty"].flatMap((name) => {
        const more = JSON.parse(`{"${name}":{"polluted":"yes","isAdmin":true}}`) as Readonly<Record<string, unknown>>;
        const check = (): void => {
          if ("polluted" in {}) throw new Error(`${name} reaches all objects`);
        };
        return [
          always({
            operation: "wares.create",
            input: { body: { stall, name: `Poor ${tag}`, price: 1, ...more } },
            outcome: "refused",
            check,
          }),
          always({ operation: "wares.update", input: { id: ware, body: more }, outcome: "refused", check }),
        ];
      }),
      always({ operation: "wares.list", input: { query: { filters: [equal("name", `Poor ${tag}`)] } }, data: [] }),
    ],
  },
  {
    name: "SECURITY 25: what a role may not see is nowhere",
    steps: (tag, { stall }) => [
      always({
        operation: "wares.create",
        input: { body: { stall, name: `Dear ${tag}`, price: 5, cost: 271828, code: "B-SECRET-7777" } },
      }),
      ([made]) => ({
        as: "buyer",
        operation: "wares.get",
        input: { id: idOf(made) },
        data: { name: `Dear ${tag}`, code: "••••7777" },
        check: ({ face, data }) => {
          if (face.includes("271828") || face.includes("SECRET")) throw new Error(`shown: ${face}`);
          const { cost = null } = data as { cost?: unknown };
          if (cost !== null) throw new Error("the cost is shown");
        },
      }),
      () => ({
        as: "buyer",
        operation: "wares.list",
        input: { query: { filters: [equal("cost", 271828)] } },
        outcome: "refused",
        check: ({ face }) => {
          if (face.includes("Dear")) throw new Error(`shown: ${face}`);
        },
      }),
      () => ({ as: "buyer", operation: "wares.list", input: { query: { sortBy: ["cost.desc"] } }, outcome: "refused" }),
    ],
  },
  {
    name: "SECURITY 32: the same idempotency key, once",
    steps: (tag, { stall }) => {
      const body = { stall, name: `Once ${tag}`, price: 1 };
      const headers = { "idempotency-key": `"key-${tag}"` };
      return [
        always({ operation: "wares.create", input: { body }, headers, replayed: false }),
        ([made]) => ({ operation: "wares.create", input: { body }, headers, replayed: true, data: row(made) }),
        always({ operation: "wares.create", input: { body: { ...body, price: 2 } }, headers, outcome: "idempotency_key_reused" }),
        always({
          operation: "wares.list",
          input: { query: { filters: [equal("name", `Once ${tag}`)] } },
          check: ({ data }) => {
            if ((data as readonly unknown[]).length !== 1) throw new Error(`made: ${JSON.stringify(data)}`);
          },
        }),
      ];
    },
  },
  {
    name: "SECURITY 37: a change of what has changed meanwhile",
    steps: (tag, { stall }) => [
      always({ operation: "wares.create", input: { body: { stall, name: `Turn ${tag}`, price: 1 } } }),
      ([made]) => ({
        operation: "wares.update",
        input: { id: idOf(made), body: { stock: 1 } },
        headers: { "if-match": '"0000000000000000"' },
        outcome: "precondition_failed",
      }),
      ([made]) => ({
        operation: "wares.update",
        input: { id: idOf(made), body: { stock: 1 } },
        headers: { "if-match": "*" },
        data: { stock: 1 },
      }),
    ],
  },
  {
    name: "an older version's words",
    steps: (tag, { stall }) => [
      always({
        version: "v1",
        operation: "wares.create",
        input: { body: { stall, title: `Old ${tag}`, price: 3 } },
        data: { title: `Old ${tag}`, price: 3 },
        check: ({ data }) => {
          if ("name" in (data as object)) throw new Error("speaks of name");
        },
      }),
      ([made]) => ({ operation: "wares.get", input: { id: idOf(made) }, data: { name: `Old ${tag}` } }),
      always({
        version: "v1",
        operation: "wares.create",
        input: { body: { stall, title: "x", price: 3 } },
        outcome: "validation_failed",
        issues: ["title"],
      }),
    ],
  },
];
