/** Functions that answer documents: what they may answer, what a definition must say, and sums for functions. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { compile } from "../../../src/contract/compile.ts";
import { type FunctionDefinition, gt, type Operands, query, resource, service, t } from "../../../src/index.ts";
import { dataOf, forEachEngine, outcomeOf, type Running, serve } from "../harness.ts";

const fields = {
  id: t.id("sal"),
  shop: t.string(),
  pieces: t.integer(),
  price: t.money(),
  weight: t.decimal({ scale: 2, optional: true }),
};

const sales = resource(
  "sales",
  {
    doc: "What was sold.",
    fields,
  },
  ({ all, self, command, query: ask }) => ({
    rows: { clerk: all },
    access: { create: ["clerk"] },
    refusals: {},
    functions: {
      export: ask({
        on: "collection",
        doc: "A file.",
        roles: ["clerk"],
        input: { as: t.enum(["text", "bytes", "undeclared", "row", "large"]) },
        output: "document",
        documents: ["text/csv", "application/octet-stream"],
        refusals: { nothing: { status: 422, doc: "Nothing was sold." } },
        run: async (ctx, { input }) => {
          if ((await ctx.table(self).count(({ pieces }) => gt(pieces, 0))) === 0) return ctx.refuse("nothing");
          const filename = "../sales.csv";
          if (input.as === "text") return ctx.document({ mediaType: "text/csv", filename, content: "é\r\n" });
          if (input.as === "undeclared") return ctx.document({ mediaType: "text/html", filename, content: "<b>" });
          if (input.as === "row") return { mediaType: "text/csv", filename, content: "" };
          const content = input.as === "large" ? new Uint8Array(16 * 1024 * 1024 + 1) : new Uint8Array([0, 255, 128]);
          return ctx.document({ mediaType: "application/octet-stream", filename, content });
        },
      }),
      receipt: command({
        on: "collection",
        doc: "Sells, and answers the receipt.",
        roles: ["clerk"],
        input: { shop: t.string() },
        output: "document",
        documents: ["text/plain"],
        run: (ctx, { input }) => {
          const sold = ctx.table(self).insert({ shop: input.shop, pieces: 1, price: 100n });
          return ctx.created(ctx.document({ mediaType: "text/plain", filename: "receipt.txt", content: sold.shop }));
        },
      }),
      turnover: ask({
        on: "collection",
        doc: "Sums.",
        roles: ["clerk"],
        input: { above: t.money({ default: -1n }) },
        output: { shops: t.json(), all: t.json() },
        run: async (ctx, { input }) => {
          const dear = (row: Operands<typeof fields>) => gt(row.price, input.above);
          const shops = await ctx.table(self).totals({ group: ["shop"], sum: ["price", "pieces"], where: dear });
          const all = await ctx.table(self).totals({ sum: ["price"], where: dear });
          const text = (rows: readonly Record<string, unknown>[]) =>
            rows.map((row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, String(value)])));
          return { shops: text(shops), all: text(all) };
        },
      }),
      mistaken: ask({
        on: "collection",
        doc: "Sums what is no whole number.",
        roles: ["clerk"],
        output: "none",
        run: (ctx) => ctx.table(self).totals({ sum: ["weight"] }),
      }),
    },
  }),
);

const market = service("market", { doc: "A market.", version: "v1", roles: { clerk: "Staff." }, resources: [sales] });

forEachEngine((engine) => {
  describe("documents of functions", () => {
    let running: Running;
    beforeAll(async () => (running = await serve(await engine.create(), { services: [market], tolerant: true })));
    afterAll(() => running[Symbol.asyncDispose]());
    const ask = (as: string) => running.call("sales.export", { body: { as } });

    test("a function may refuse instead", async () => {
      expect(outcomeOf(await ask("text"))).toBe("422 nothing");
    });

    test("text, bytes, and from a command that created something", async () => {
      const made = await running.call("sales.receipt", { body: { shop: "North" }, idempotencyKey: "once" });
      expect(outcomeOf(made)).toBe("201");
      const receipt = { mediaType: "text/plain", filename: "receipt.txt", encoding: "text", content: "North" };
      expect(dataOf(made)).toEqual(receipt);
      const again = await running.call("sales.receipt", { body: { shop: "North" }, idempotencyKey: "once" });
      expect(dataOf(again)).toEqual(receipt);
      expect(dataOf(await ask("text"))).toEqual({
        mediaType: "text/csv",
        filename: "_sales.csv",
        encoding: "text",
        content: "é\r\n",
      });
      expect(dataOf(await ask("bytes"))).toEqual({
        mediaType: "application/octet-stream",
        filename: "_sales.csv",
        encoding: "base64",
        content: "AP+A",
      });
    });

    test.each([
      ["undeclared", "answers text/html, which it does not declare"],
      ["row", "must answer with ctx.document"],
      ["large", "at most 16777216"],
    ])("a mistake of the function is ours: %s", async (as, message) => {
      const before = running.errors.length;
      expect(outcomeOf(await ask(as))).toBe("500 internal");
      expect(String(running.errors[before])).toContain(message);
    });

    test("in a group, a document is data like any other", async () => {
      const results = await running.batch(
        [
          { operation: "sales.receipt", options: { body: { shop: "South" } } },
          { operation: "sales.export", options: { body: { as: "text" } } },
        ],
        "atomic",
      );
      expect(results.map(outcomeOf)).toEqual(["201", "200"]);
      expect(dataOf(results[1])).toMatchObject({ encoding: "text", content: "é\r\n" });
    });
  });

  describe("sums for functions", () => {
    let running: Running;
    beforeAll(async () => (running = await serve(await engine.create(), { services: [market], tolerant: true })));
    afterAll(() => running[Symbol.asyncDispose]());

    test("over nothing: no groups, and zero", async () => {
      expect(dataOf(await running.call("sales.turnover", { body: {} }))).toEqual({
        shops: [],
        all: [{ price: "0", count: "0" }],
      });
    });

    test("exact beyond 2^53, by group and with a condition", async () => {
      const rows = [
        ["North", 2, "9007199254740993"],
        ["North", 3, "9007199254740993"],
        ["South", 4, "5"],
      ] as const;
      for (const [shop, pieces, price] of rows) await running.call("sales.create", { body: { shop, pieces, price } });
      expect(dataOf(await running.call("sales.turnover", { body: {} }))).toEqual({
        shops: [
          { shop: "North", price: "18014398509481986", pieces: "5", count: "2" },
          { shop: "South", price: "5", pieces: "4", count: "1" },
        ],
        all: [{ price: "18014398509481991", count: "3" }],
      });
      expect(dataOf(await running.call("sales.turnover", { body: { above: 5 } }))["all"]).toEqual([
        { price: "18014398509481986", count: "2" },
      ]);
    });

    test("a decimal is no whole number", async () => {
      expect(outcomeOf(await running.call("sales.mistaken", { body: {} }))).toBe("500 internal");
      expect(String(running.errors.at(-1))).toContain("sales.weight is no whole number");
    });
  });
});

describe("a definition says which documents there are", () => {
  const withQuery = (spec: Pick<FunctionDefinition, "output" | "documents">) =>
    service("press", {
      doc: "A press.",
      version: "v1",
      roles: { clerk: "Staff." },
      resources: [],
      operations: { print: query({ doc: "Prints.", roles: ["clerk"], run: () => undefined, ...spec }) },
    });
  test.each<[Pick<FunctionDefinition, "output" | "documents">, string]>([
    [{ output: "document" }, "must say which documents it answers"],
    [{ output: "document", documents: [] }, "must say which documents it answers"],
    [{ output: "document", documents: ["text/csv; charset=utf-8"] }, "is no media type"],
    [{ output: "none", documents: ["text/csv"] }, "is for functions whose output"],
  ])("%p", (spec, problem) => {
    expect(() => compile(withQuery(spec))).toThrow(problem);
  });
});
