/** A wrong address is told from a missing row; a missing row is not told from one of somebody else. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { platformLanguages } from "../../src/pipeline/messages/index.ts";
import { testDatabases } from "../postgres/index.ts";
import { type Answered, type Asking, openShop, type Shop } from "./shop.ts";

const nobody = "usr_01JD3Q8Z5T7N9V1X3B5D7F9H1K";

describe.each(testDatabases())("$engine", ({ create }) => {
  let shop: Shop;
  beforeAll(async () => (shop = await openShop(await create())));
  afterAll(() => shop[Symbol.asyncDispose]());

  const unknown = { code: 404, type: "not_found", details: { reason: "unknown_address" }, message: "There is no such address." };

  test.each([
    ["a name below the version", "GET", "/nothing"],
    ["a name below a row", "GET", "/users/{ann}/nothing"],
    ["the same below a row of somebody else", "GET", "/users/{ben}/nothing"],
    ["and below a row that is not there", "GET", `/users/${nobody}/nothing`],
    ["a function", "POST", "/products/{pen}/nothing"],
    ["statistics", "GET", "/products/stats/nothing"],
    ["another case", "GET", "/Products"],
    ["a trailing slash", "GET", "/products/"],
    ["a version", "GET", "/shop/v9/products"],
    ["below a stream", "GET", "/stream/nothing"],
    ["a type of problem", "GET", "/problems/nothing"],
  ])("an address that does not exist says so: %s", async (_, method, path) => {
    const filled = path.replace(/\{(\w+)\}/, (__, name: "ann") => shop.ids[name]);
    for (const as of ["clerk", "ann", "nobody"] as const) {
      const { status, body } = await shop.ask(method, filled, { as });
      expect([as, status, body.error]).toEqual([as, 404, { ...unknown, requestId: expect.any(String) }]);
    }
  });

  test("in every language", async () => {
    const told = new Set<string>();
    for (const language of platformLanguages) {
      const { body } = await shop.ask("GET", "/nothing", { headers: { "accept-language": language } });
      const row = await shop.ask("GET", `/users/${nobody}`, { headers: { "accept-language": language } });
      expect([language, body.error.message]).not.toEqual([language, row.body.error.message]);
      told.add(body.error.message as string);
    }
    expect(told.size).toBe(platformLanguages.length);
  });

  test("in a step of a mixed batch", async () => {
    const calls = [
      { id: "a", method: "GET", path: "/nothing" },
      { id: "b", method: "GET", path: `/users/${nobody}` },
    ];
    const { body } = await shop.ask("POST", "/batch", { body: { calls } });
    expect(body.data[0].error).toMatchObject(unknown);
    expect(body.data[1].error).toMatchObject({ type: "not_found", message: "Not found." });
    expect(body.data[1].error).not.toHaveProperty("details");
  });

  /** All that was answered but what differs between any two answers. */
  const face = ({ status, headers, text, body }: Answered): readonly unknown[] => [
    status,
    [...headers.keys()].toSorted(),
    text.replaceAll(String(body?.error?.requestId), ""),
  ];

  test.each([
    ["GET", "", {}],
    ["GET", "/name", {}],
    ["GET", "/orders", {}],
    ["PATCH", "", { body: { name: "Other" } }],
    ["PUT", "/name", { body: '"Other"', headers: { "content-type": "application/json" } }],
    ["DELETE", "", { as: "clerk" }],
    ["HEAD", "", {}],
  ] satisfies readonly (readonly [string, string, Asking])[])(
    "SECURITY 23: a row of another is answered like one that is not there: %s %s",
    async (method, below, asking) => {
      const given: Asking = { as: "ben", ...asking };
      const missing = face(await shop.ask(method, `/users/${nobody}${below}`, given));
      const malformed = face(await shop.ask(method, `/users/nobody${below}`, given));
      expect(missing[0]).toBe(404);
      expect(malformed).toEqual(missing);
      if (given.as === "ben") expect(face(await shop.ask(method, `/users/${shop.ids.ann}${below}`, given))).toEqual(missing);
      expect(JSON.stringify(missing)).not.toContain("unknown_address");
    },
  );
});
