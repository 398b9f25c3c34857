/**
 * OAuth for agents, on the real server with the shipped bank: where to learn of the authorization server, tokens that are for the address of agents alone, and
 * what an official client makes of it. SQLite only.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { discoverOAuthProtectedResourceMetadata } from "@modelcontextprotocol/sdk/client/auth.js";
import { ClientCredentialsProvider } from "@modelcontextprotocol/sdk/client/auth-extensions.js";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { startServer, type TestServer } from "../host/server.ts";

type Json = Record<string, unknown>;

let data: string;
let server: TestServer;
let client: string;
let secret: string;
let key: string;
beforeAll(async () => {
  data = mkdtempSync(join(tmpdir(), "pons-mcp-"));
  server = await startServer({ data });
  const admin = { authorization: `Bearer ${String(server.facts.demo?.keys.live)}` };
  const platform = async (path: string, body?: Json): Promise<Json & Json[]> => {
    const init = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
    return server.data(`/platform/v1${path}`, { ...init, headers: { ...admin, "content-type": "application/json" } });
  };
  const [product] = await platform("/products?name=bank-sandbox&fields=id");
  const [plan] = await platform("/plans?name=free&fields=id");
  const app = await platform("/apps", { name: "Agent", grantTypes: ["client_credentials"] });
  await platform("/subscriptions", { app: app["id"], product: product?.["id"], plan: plan?.["id"], environment: "sandbox" });
  client = `${String(app["id"])}/sandbox`;
  secret = String(
    (await platform(`/apps/${String(app["id"])}/createKey`, { name: "OAuth", kind: "secret", environment: "sandbox" }))["secret"],
  );
  const limited = { name: "Few", environment: "sandbox", operations: ["bank.accounts.list", "bank.transfers.create"] };
  key = String((await platform(`/apps/${String(app["id"])}/createKey`, limited))["secret"]);
}, 60_000);
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  rmSync(data, { recursive: true, force: true });
});

const resource = (path = "/bank/v2/mcp"): string => `${server.facts.baseUrl}${path}`;

const token = async (more: Readonly<Record<string, string>> = {}): Promise<string> => {
  const basic = btoa(`${encodeURIComponent(client)}:${encodeURIComponent(secret)}`);
  const response = await fetch(`${server.facts.baseUrl}/oauth/token`, {
    method: "POST",
    headers: { authorization: `Basic ${basic}` },
    body: new URLSearchParams({ grant_type: "client_credentials", ...more }),
  });
  const answer = (await response.json()) as { access_token?: string };
  if (answer.access_token === undefined) throw new Error(JSON.stringify(answer));
  return answer.access_token;
};

const meta = { "io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {} };

const list = async (
  bearer: string,
  path = "/bank/v2/mcp",
): Promise<{ readonly status: number; readonly tools: readonly string[]; readonly challenge: string | null }> => {
  const response = await fetch(resource(path), {
    method: "POST",
    headers: {
      authorization: `Bearer ${bearer}`,
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      "mcp-protocol-version": "2026-07-28",
      "mcp-method": "tools/list",
    },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list", params: { _meta: meta } }),
  });
  const { result } = (await response.json()) as { result?: { tools: readonly { name: string }[] } };
  return {
    status: response.status,
    tools: (result?.tools ?? []).map(({ name }) => name),
    challenge: response.headers.get("www-authenticate"),
  };
};

describe("OAuth for agents", () => {
  test("each address of agents has metadata of its own (RFC 9728), which the 401 leads to", async () => {
    const { status, challenge } = await list("pons_sandbox_nothing");
    const [, metadata = ""] = /resource_metadata="([^"]+)"/.exec(challenge ?? "") ?? [];
    expect([status, metadata]).toEqual([401, resource("/.well-known/oauth-protected-resource/bank/v2/mcp")]);
    for (const path of ["/bank/v2/mcp", "/bank/v1/mcp", "/platform/v1/mcp"]) {
      const response = await fetch(resource(`/.well-known/oauth-protected-resource${path}`));
      expect([response.status, await response.json()]).toEqual([
        200,
        {
          resource: resource(path),
          authorization_servers: [server.facts.baseUrl],
          bearer_methods_supported: ["header"],
          dpop_signing_alg_values_supported: ["ES256", "EdDSA"],
        },
      ]);
    }
    expect((await fetch(resource("/.well-known/oauth-protected-resource/bank/v9/mcp"))).status).toBe(404);
    expect(await discoverOAuthProtectedResourceMetadata(resource())).toMatchObject({ resource: resource() });
  });

  test("SECURITY 30: a token for the address of agents counts there, and nowhere else", async () => {
    const bound = await token({ resource: resource() });
    const here = await list(bound);
    expect([here.status, here.tools.includes("transfers_create"), here.tools.includes("accounts_freeze")]).toEqual([
      200,
      true,
      true,
    ]);
    for (const path of ["/bank/v1/mcp", "/platform/v1/mcp"])
      expect([path, (await list(bound, path)).status]).toEqual([path, 401]);
    const passedOn = await fetch(resource("/bank/v2/accounts"), { headers: { authorization: `Bearer ${bound}` } });
    expect([passedOn.status, passedOn.headers.get("www-authenticate")?.includes("invalid_token")]).toEqual([401, true]);
    const graphql = await fetch(resource("/bank/v2/graphql"), {
      method: "POST",
      headers: { authorization: `Bearer ${bound}`, "content-type": "application/json" },
      body: '{"query":"{ __typename accounts { totalCount } }"}',
    });
    expect(await graphql.json()).toMatchObject({
      errors: [{ extensions: { type: "invalid_credentials", details: { reason: "audience" } } }],
      data: { accounts: null },
    });
  });

  test("SECURITY 30: a token for another resource is refused; one for the whole installation is one for its parts", async () => {
    expect((await list(await token({ resource: resource("/bank/v1/mcp") }))).status).toBe(401);
    const whole = await token();
    expect((await list(whole)).status).toBe(200);
    for (const foreign of ["https://elsewhere.example/mcp", resource("/bank/v9/mcp"), resource("/bank/v2/accounts")])
      expect(
        await token({ resource: foreign }).then(
          () => "given",
          (error: unknown) => String(error),
        ),
      ).toContain("invalid_target");
  });

  test("scopes limit what is listed, and a call beyond them says which one it takes", async () => {
    const limited = await token({ resource: resource(), scope: "bank:read" });
    const { tools } = await list(limited);
    expect([tools.includes("accounts_list"), tools.includes("transfers_create")]).toEqual([true, false]);
    const response = await fetch(resource(), {
      method: "POST",
      headers: {
        authorization: `Bearer ${limited}`,
        "content-type": "application/json",
        "mcp-protocol-version": "2026-07-28",
        "mcp-method": "tools/call",
        "mcp-name": "notes_create",
      },
      body: JSON.stringify({
        jsonrpc: "2.0",
        id: 1,
        method: "tools/call",
        params: { name: "notes_create", arguments: {}, _meta: meta },
      }),
    });
    expect([response.status, response.headers.get("www-authenticate")]).toEqual([
      403,
      `Bearer realm="pons", resource_metadata="${resource("/.well-known/oauth-protected-resource/bank/v2/mcp")}", error="insufficient_scope", scope="bank.notes.create"`,
    ]);
  });

  test("a key that is limited to operations lists just these", async () => {
    expect((await list(key)).tools).toEqual(["accounts_list", "transfers_create"]);
  });

  test("an official client finds its way from the 401 to a token and its tools", async () => {
    const provider = new ClientCredentialsProvider({
      clientId: client,
      clientSecret: secret,
      expectedIssuer: server.facts.baseUrl,
    });
    const transport = new StreamableHTTPClientTransport(new URL(resource()), { authProvider: provider });
    const agent = new Client({ name: "test", version: "1" });
    await agent.connect(transport);
    const { tools } = await agent.listTools();
    expect(tools.length).toBeGreaterThan(100);
    const answer = await agent.callTool({ name: "accounts_list", arguments: { perPage: 1, fields: ["id", "currency"] } });
    expect(answer).toMatchObject({ isError: false, structuredContent: { data: [{ currency: expect.any(String) }] } });
    const claims = JSON.parse(atob(String(provider.tokens()?.access_token).split(".")[1] ?? "")) as Json;
    expect(claims["aud"]).toBe(resource());
    await agent.close();
  });
});
