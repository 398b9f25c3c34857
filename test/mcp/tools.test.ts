/** What tools there are and what they take, as the definition says. SQLite only: the pipeline behind them is the same as everywhere. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type House, type Json, openHouse, structured, toolsOf } from "./house.ts";

let house: House;
let keeper: string;
beforeAll(async () => {
  house = await openHouse();
  keeper = await house.grant("keeper");
});
afterAll(async () => {
  expect(house.errors).toEqual([]);
  await house[Symbol.asyncDispose]();
});

describe("what the definition says", () => {
  test("tools are chosen, by names and patterns; what holds a secret has to be named", async () => {
    const { result } = await house.send({ method: "tools/list" }, { key: keeper, path: "/kiosk/v1/mcp" });
    expect(toolsOf(result).map(({ name }) => name)).toEqual([
      "papers_list",
      "papers_get",
      "papers_count",
      "papers_create",
      "papers_order",
      "ask",
      "secret",
    ]);
    const { result: told } = await house.send({ method: "server/discover" }, { key: keeper, path: "/kiosk/v1/mcp" });
    expect(String(told["instructions"])).toStartWith("Ask before you order.");
  });

  test("what has to be confirmed is chosen too", async () => {
    const { result } = await house.send({ method: "tools/list" }, { key: keeper, path: "/kiosk/v1/mcp" });
    const asks = toolsOf(result).filter(({ inputSchema }) => "confirm" in ((inputSchema as Json)["properties"] as Json));
    expect(asks.map(({ name }) => name)).toEqual(["papers_order"]);
  });

  test("an older version has its own names, and its own address", async () => {
    const { result } = await house.send({ method: "tools/list" }, { key: keeper, path: "/till/v1/mcp" });
    const get = toolsOf(result).find(({ name }) => name === "purses_list") as Json;
    const where = (get["inputSchema"] as { properties: { where: { properties: Json } } }).properties.where.properties;
    expect([Object.keys(where).includes("holder"), Object.keys(where).includes("owner")]).toEqual([true, false]);
    expect((await house.send({ method: "tools/list" }, { key: keeper, path: "/till/v1/mcp/more" })).status).toBe(404);
  });
});

describe("arguments", () => {
  const refusedFields = async (tool: string, given: Json): Promise<unknown> => {
    const heard = await house.call(tool, given, { key: keeper });
    expect(heard.result["isError"]).toBe(true);
    const { type, fields } = structured(heard)["error"] as { type: string; fields?: Json };
    return [type, Object.keys(fields ?? {})];
  };

  test("SECURITY 26, 40: what a tool does not have is refused by its name", async () => {
    expect(await refusedFields("hours", { x: 1 })).toEqual(["validation_failed", ["x"]]);
    expect(await refusedFields("purses_get", {})).toEqual(["validation_failed", ["id"]]);
    expect(await refusedFields("purses_get", { id: 5 })).toEqual(["validation_failed", ["id"]]);
    expect(await refusedFields("purses_list", { where: { nothing: 1 } })).toEqual(["validation_failed", ["nothing"]]);
    expect(await refusedFields("purses_list", { where: { balance: { $where: 1 } } })).toEqual([
      "validation_failed",
      ["balance[$where]"],
    ]);
    expect(await refusedFields("purses_list", { where: [1] })).toEqual(["validation_failed", ["where"]]);
    expect(await refusedFields("purses_list", { sortBy: ["owner; DROP TABLE till_purses"] })).toEqual([
      "validation_failed",
      expect.any(Array),
    ]);
    expect(await refusedFields("purses_list", { perPage: 101 })).toEqual(["validation_failed", ["perPage"]]);
    expect(await refusedFields("purses_list", { language: "de" })).toEqual(["validation_failed", ["language"]]);
    expect(await refusedFields("notes_create", { purse: "prs_00000000000000000000000000", text: "x", version: 5 })).toEqual([
      "validation_failed",
      ["version"],
    ]);
  });

  test("conditions, also on a field that has the name of a parameter", async () => {
    const { pipeline, contracts, identity } = house.app;
    const operation = contracts.get("till")?.operations.get("purses.create");
    if (operation === undefined) throw new Error("there are no purses");
    const principal = { ...(await identity.systemCaller("demo", "sandbox")), roles: ["keeper"] };
    const shared = {
      operation,
      principal,
      credentials: { kind: "none" },
      locale: "en",
      requestId: "test",
      channel: "test",
    } as const;
    for (const [owner, balance, language] of [
      ["ann", 1250, "de"],
      ["bob", 50, "en"],
      ["cid", 7, null],
    ] as const)
      await pipeline.run({ ...shared, input: { body: { owner, balance, language } } });
    const owners = async (given: Json): Promise<unknown> =>
      (structured(await house.call("purses_list", given, { key: keeper }))["data"] as Json[]).map(({ owner }) => owner);
    expect(await owners({})).toEqual(["ann", "bob", "cid"]);
    expect(await owners({ where: { language: "de" } })).toEqual(["ann"]);
    expect(await owners({ where: { language: null } })).toEqual(["cid"]);
    expect(await owners({ where: { language: { ne: ["de", "en"] } } })).toEqual(["cid"]);
    expect(await owners({ where: { balance: { gte: 50, lt: 1250 } } })).toEqual(["bob"]);
    expect(await owners({ where: { owner: ["ann", "cid"] }, sortBy: ["balance.asc"] })).toEqual(["cid", "ann"]);
    expect(await owners({ filters: [{ name: "of", params: { owner: "bob" } }] })).toEqual(["bob"]);
    const first = structured(await house.call("purses_list", { cursor: "", perPage: 2 }, { key: keeper }));
    const { nextCursor: cursor } = first["pagination"] as Json;
    expect(await owners({ cursor, perPage: 2 })).toEqual(["cid"]);
    expect(structured(await house.call("purses_count", { where: { owner: "ann" } }, { key: keeper }))).toEqual({ data: 1 });
    expect(structured(await house.call("purses_stats_byCurrency", {}, { key: keeper }))).toMatchObject({
      data: [{ currency: "EUR", purses: 3, total: 1307 }],
    });
    const [row] = structured(await house.call("purses_list", { fields: ["owner"], perPage: 1 }, { key: keeper }))[
      "data"
    ] as Json[];
    expect(Object.keys(row ?? {})).toEqual(["owner"]);
  });

  test("SECURITY 63: a refusal is told in the caller's language, with an id of the request and no inside", async () => {
    const heard = await house.call(
      "purses_get",
      { id: "prs_'; DROP TABLE" },
      { key: keeper, headers: { "accept-language": "de" } },
    );
    const { type, message, requestId } = structured(heard)["error"] as Json;
    expect([type, requestId]).toEqual(["not_found", heard.headers.get("x-request-id")]);
    expect(message).not.toBe("There is no such address, or no such row that the caller may see.");
  });
});
