/** The official clients, old and new, with and without somebody to ask. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Client as NewClient, StreamableHTTPClientTransport as NewTransport } from "@modelcontextprotocol/client";
import { Client as OldClient } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as OldTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { ElicitRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import { type House, type Json, openHouse } from "./house.ts";

let house: House;
let keeper: string;
let purse: string;
beforeAll(async () => {
  house = await openHouse();
  keeper = await house.grant("keeper");
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
  const result = await pipeline.run({ ...shared, input: { body: { owner: "ann", balance: 100_000 } } });
  purse = result.ok ? String((result.data as Json)["id"]) : "";
});
afterAll(async () => {
  expect(house.errors).toEqual([]);
  await house[Symbol.asyncDispose]();
});

interface Answer {
  readonly structuredContent?: unknown;
  readonly isError?: boolean | undefined;
}

interface AnyClient {
  listTools(): Promise<{ readonly tools: readonly { readonly name: string }[] }>;
  callTool(call: { name: string; arguments: Json }): Promise<Answer>;
  close(): Promise<void>;
}

const info = { name: "test", version: "1" };
const address = (): URL => new URL(`${house.origin}/till/v2/mcp`);
const requestInit = (): RequestInit => ({ headers: { authorization: `Bearer ${keeper}` } });
const yes = { action: "accept" as const, content: { agree: true } };

type Asked = string[] | undefined;

const old = async (asked: Asked): Promise<AnyClient> => {
  const client = new OldClient(info, { capabilities: asked === undefined ? {} : { elicitation: {} } });
  if (asked !== undefined)
    client.setRequestHandler(ElicitRequestSchema, ({ params: { message } }) => {
      asked.push(message);
      return yes;
    });
  await client.connect(new OldTransport(address(), { requestInit: requestInit() }));
  // Its types know of answers of older revisions too.
  return client as AnyClient;
};

const young =
  (mode: "legacy" | "auto" | { pin: string }) =>
  async (asked: Asked): Promise<AnyClient> => {
    const client = new NewClient(info, {
      capabilities: asked === undefined ? {} : { elicitation: { form: {} } },
      versionNegotiation: { mode },
    });
    if (asked !== undefined)
      client.setRequestHandler("elicitation/create", ({ params: { message } }) => {
        asked.push(message);
        return yes;
      });
    await client.connect(new NewTransport(address(), { requestInit: requestInit() }));
    return client;
  };

const clients: readonly (readonly [string, (asked: Asked) => Promise<AnyClient>])[] = [
  ["@modelcontextprotocol/sdk", old],
  ["@modelcontextprotocol/client, 2025-11-25", young("legacy")],
  ["@modelcontextprotocol/client, 2026-07-28", young({ pin: "2026-07-28" })],
  ["@modelcontextprotocol/client, whichever there is", young("auto")],
];

const balanceOf = (answer: Answer): number => (answer.structuredContent as { data: { balance: number } }).data.balance;

describe.each(clients)("%s", (_, connect) => {
  test("lists tools, calls them, and finds that answers are as their schemas say", async () => {
    const client = await connect(undefined);
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toContain("purses_pay");
    const calls: readonly (readonly [string, Json])[] = [
      ["hours", {}],
      ["purses_list", { where: { owner: "ann" } }],
      ["purses_get", { id: purse }],
      ["purses_count", {}],
      ["purses_stats_byCurrency", {}],
      ["notes_create", { purse, text: "x" }],
      ["notes_list", { include: ["purse"], fields: ["text", "purse"] }],
    ];
    for (const [name, given] of calls)
      expect([name, (await client.callTool({ name, arguments: given })).isError]).toEqual([name, false]);
    const refused = await client.callTool({ name: "purses_get", arguments: { id: "nothing" } });
    expect([refused.isError, refused.structuredContent]).toMatchObject([true, { error: { type: "not_found" } }]);
    await client.close();
  });

  test("confirms by token where nobody can be asked", async () => {
    const client = await connect(undefined);
    await client.listTools();
    const given = { id: purse, amount: 100 };
    const before = balanceOf(await client.callTool({ name: "purses_get", arguments: { id: purse } }));
    const first = await client.callTool({ name: "purses_pay", arguments: given });
    const { token } = (first.structuredContent as { confirmation: { token: string } }).confirmation;
    const done = await client.callTool({ name: "purses_pay", arguments: { ...given, confirm: token } });
    expect(balanceOf(done)).toBe(before - 100);
    await client.close();
  });

  test("asks the person, by the protocol's own means", async () => {
    const asked: string[] = [];
    const client = await connect(asked);
    await client.listTools();
    const before = balanceOf(await client.callTool({ name: "purses_get", arguments: { id: purse } }));
    const done = await client.callTool({ name: "purses_pay", arguments: { id: purse, amount: 250, currency: "EUR" } });
    expect([asked.length, asked[0]?.includes("amount: 2.50 EUR"), balanceOf(done)]).toEqual([1, true, before - 250]);
    await client.close();
  });
});
