/**
 * The Model Context Protocol as it is written down: what has to be answered to every message and header, in the revision without a handshake and in the one
 * before it. How messages are framed does not depend on the database: SQLite only.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { heardOf, type House, type Json, metaKeys, modern, openHouse, type Sending, structured, toolsOf } from "./house.ts";

let house: House;
let keeper: string;
beforeAll(async () => {
  house = await openHouse({ allowsOrigin: (origin) => origin === "https://welcome.example" });
  keeper = await house.grant("keeper");
});
afterAll(async () => {
  expect(house.errors.map(String)).toEqual(["Error: broken inside"]);
  await house[Symbol.asyncDispose]();
});

const codeOf = ({ status, error }: { readonly status: number; readonly error: { readonly code: number } | undefined }): string =>
  `${status} ${error?.code}`;

describe("2026-07-28", () => {
  test("server/discover tells of the server: revisions, what it can do, for how long that holds", async () => {
    const { status, result, headers } = await house.send({ method: "server/discover" }, { key: keeper });
    expect([status, headers.get("content-type")]).toEqual([200, "application/json"]);
    expect(result).toMatchObject({
      resultType: "complete",
      supportedVersions: ["2026-07-28", "2025-11-25", "2025-06-18"],
      capabilities: { tools: {} },
      ttlMs: 3_600_000,
      cacheScope: "public",
      _meta: { "io.modelcontextprotocol/serverInfo": { name: "till", title: "Till", version: "v2" } },
    });
    expect(String(result["instructions"])).toStartWith("A till.");
  });

  test("tools/list: the same each time, private, with a time to live", async () => {
    const [one, two] = [
      await house.send({ method: "tools/list" }, { key: keeper }),
      await house.send({ method: "tools/list" }, { key: keeper }),
    ];
    expect(one.text).toBe(two.text);
    expect(one.result).toMatchObject({ resultType: "complete", cacheScope: "private", ttlMs: 60_000 });
    expect(one.result).not.toHaveProperty("nextCursor");
    expect(toolsOf(one.result).map(({ name }) => name)).toEqual([
      "purses_list",
      "purses_get",
      "purses_count",
      "purses_stats_byCurrency",
      "purses_delete",
      "purses_pay",
      "purses_empty",
      "notes_list",
      "notes_get",
      "notes_count",
      "notes_create",
      "notes_delete",
      "hours",
      "fail",
    ]);
    for (const { name, inputSchema } of toolsOf(one.result)) {
      expect(String(name)).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
      expect(inputSchema).toMatchObject({ type: "object", additionalProperties: false });
    }
  });

  test("lists are compressed where that is asked for", async () => {
    const { headers, result } = await house.send({ method: "tools/list" }, { key: keeper, headers: { "accept-encoding": "br" } });
    expect([headers.get("content-encoding"), toolsOf(result).length]).toEqual(["br", 14]);
  });

  test("annotations say what a tool does", async () => {
    const { result } = await house.send({ method: "tools/list" }, { key: keeper });
    const hints = Object.fromEntries(toolsOf(result).map(({ name, annotations }) => [name, annotations as Json]));
    expect(hints["purses_list"]).toEqual({ title: "List purses", readOnlyHint: true, openWorldHint: false });
    expect(hints["notes_create"]).toMatchObject({ readOnlyHint: false, destructiveHint: false, idempotentHint: false });
    expect(hints["notes_delete"]).toMatchObject({ readOnlyHint: false, destructiveHint: true, idempotentHint: true });
    expect(hints["purses_pay"]).toMatchObject({ title: "Pay purse", readOnlyHint: false, destructiveHint: true });
  });

  test("SECURITY 23, 24: a caller sees the tools that his roles open, and is refused the others", async () => {
    const watcher = await house.grant("watcher");
    expect(toolsOf((await house.send({ method: "tools/list" }, { key: watcher })).result).map(({ name }) => name)).toEqual([
      "hours",
    ]);
    const refused = await house.call("purses_list", {}, { key: watcher });
    expect([refused.status, refused.result["isError"], structured(refused)["error"]]).toMatchObject([
      200,
      true,
      { type: "forbidden", status: 403 },
    ]);
  });

  test("tools/call answers structure and text that say the same, and a policy of names changes nothing", async () => {
    const heard = await house.call("hours", {}, { key: keeper });
    expect(heard.result).toEqual({
      resultType: "complete",
      _meta: { "io.modelcontextprotocol/serverInfo": { name: "till", title: "Till", version: "v2" } },
      content: [{ type: "text", text: '{"data":{"from":"09:00","to":"17:00"}}' }],
      structuredContent: { data: { from: "09:00", to: "17:00" } },
      isError: false,
    });
  });

  test("headers that are missing or say something else: 400, -32020", async () => {
    const message = { method: "tools/call", params: { name: "hours", arguments: {} } };
    const wrong: readonly Sending["headers"][] = [
      { "mcp-protocol-version": null },
      { "mcp-protocol-version": "2025-11-25" },
      { "mcp-method": null },
      { "mcp-method": "tools/list" },
      { "mcp-method": "TOOLS/CALL" },
      { "mcp-name": null },
      { "mcp-name": "purses_list" },
      { "mcp-name": "=?base64?!!!?=" },
      { "mcp-name": "=?base64?/w==?=" },
    ];
    for (const headers of wrong)
      expect([
        headers,
        codeOf(await house.send(message, { key: keeper, ...(headers === undefined ? {} : { headers }) })),
      ]).toEqual([headers, "400 -32020"]);
    const encoded = { "mcp-name": `=?base64?${btoa("hours")}?=` };
    expect((await house.send(message, { key: keeper, headers: encoded })).status).toBe(200);
  });

  test("a revision that is not spoken: 400, -32022, with those that are", async () => {
    const { status, error, json } = await house.send(
      { method: "tools/list", params: { _meta: { [metaKeys.version]: "1900-01-01" } } },
      { key: keeper, headers: { "mcp-protocol-version": "1900-01-01" } },
    );
    expect([status, json["id"], error]).toEqual([
      400,
      1,
      {
        code: -32022,
        message: "Unsupported protocol version",
        data: { supported: ["2026-07-28", "2025-11-25", "2025-06-18"], requested: "1900-01-01" },
      },
    ]);
  });

  test("what a request has to say of itself and does not: 400, -32602", async () => {
    for (const meta of [
      { [metaKeys.version]: undefined },
      { [metaKeys.version]: 5 },
      { [metaKeys.capabilities]: undefined },
      { [metaKeys.capabilities]: "all" },
    ])
      expect(codeOf(await house.send({ method: "tools/list", params: { _meta: meta } }, { key: keeper }))).toBe("400 -32602");
  });

  test("a method that does not exist: 404, -32601", async () => {
    for (const method of ["initialize", "ping", "prompts/list", "completion/complete", "constructor", "__proto__"])
      expect([method, codeOf(await house.send({ method }, { key: keeper }))]).toEqual([method, "404 -32601"]);
    const uri = { method: "resources/read", params: { uri: "file:///etc/passwd" } };
    expect(codeOf(await house.send(uri, { key: keeper, headers: { "mcp-name": "file:///etc/passwd" } }))).toBe("404 -32601");
  });

  test("a tool that does not exist, arguments that are none, a cursor of another list: -32602", async () => {
    for (const name of ["nothing", "purses.list", "purses_reveal", "__proto__", "constructor"])
      expect([name, codeOf(await house.call(name, {}, { key: keeper }))]).toEqual([name, "200 -32602"]);
    const list = { method: "tools/call", params: { name: "hours", arguments: [1] } };
    expect(codeOf(await house.send(list, { key: keeper }))).toBe("200 -32602");
    for (const cursor of ["nonsense", "", 5, Buffer.from("after 999999").toString("base64url")])
      expect([cursor, codeOf(await house.send({ method: "tools/list", params: { cursor } }, { key: keeper }))]).toEqual([
        cursor,
        "200 -32602",
      ]);
  });

  test("many tools are listed in parts, none twice and none left out", async () => {
    await using small = await openHouse({ limits: { toolsPerPage: 5 } });
    const key = await small.grant("keeper");
    const names: unknown[] = [];
    let cursor: unknown;
    let pages = 0;
    do {
      const { result } = await small.send({ method: "tools/list", params: cursor === undefined ? {} : { cursor } }, { key });
      names.push(...toolsOf(result).map(({ name }) => name));
      cursor = result["nextCursor"];
      pages++;
    } while (cursor !== undefined);
    expect([pages, names.length, new Set(names).size]).toEqual([3, 14, 14]);
  });

  test("notifications are taken without an answer; nobody answers us", async () => {
    const headers = { "mcp-protocol-version": modern };
    const taken = await house.raw('{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}', {
      key: keeper,
      headers,
    });
    expect([taken.status, await taken.text()]).toEqual([202, ""]);
    const answer = await heardOf(await house.raw('{"jsonrpc":"2.0","id":"ask-1","result":{}}', { key: keeper, headers }));
    expect([codeOf(answer), answer.json]).toEqual(["400 -32600", expect.not.objectContaining({ id: "ask-1" })]);
  });

  test("subscriptions/listen: nothing can be subscribed to, which is said, and the stream ends", async () => {
    const heard = await house.send(
      { id: "sub", method: "subscriptions/listen", params: { notifications: { toolsListChanged: true } } },
      { key: keeper },
    );
    expect([heard.status, heard.headers.get("content-type"), heard.headers.get("x-accel-buffering")]).toEqual([
      200,
      "text/event-stream",
      "no",
    ]);
    const messages = heard.text
      .split("\n\n")
      .filter(Boolean)
      .map((event) => JSON.parse(event.replace("event: message\ndata: ", "")) as Json);
    expect(messages).toMatchObject([
      {
        method: "notifications/subscriptions/acknowledged",
        params: { _meta: { "io.modelcontextprotocol/subscriptionId": "sub" }, notifications: {} },
      },
      { id: "sub", result: { resultType: "complete", _meta: { "io.modelcontextprotocol/subscriptionId": "sub" } } },
    ]);
  });

  test("sessions and streams of older revisions are not known", async () => {
    const old = { "mcp-session-id": "1868a90c", "last-event-id": "5" };
    const { status, headers } = await house.send({ method: "tools/list" }, { key: keeper, headers: old });
    expect([status, headers.get("mcp-session-id")]).toEqual([200, null]);
    for (const method of ["GET", "DELETE", "PUT", "PATCH"]) {
      const response = await house.raw("", { key: keeper, method });
      expect([method, response.status, response.headers.get("allow")]).toEqual([method, 405, "POST, OPTIONS"]);
    }
  });

  test("an error of ours is one of the protocol, and shows no inside", async () => {
    const { status, error, text } = await house.call("fail", {}, { key: keeper });
    expect([status, error?.code]).toEqual([500, -32603]);
    expect(text).not.toContain("broken inside");
  });
});

describe("bodies", () => {
  const ask = async (body: string | Uint8Array<ArrayBuffer>, headers: Sending["headers"] = {}): Promise<string> => {
    const { status, error, json } = await heardOf(
      await house.raw(body, { key: keeper, headers: { "mcp-protocol-version": modern, ...headers } }),
    );
    expect(json["jsonrpc"]).toBe("2.0");
    return `${status} ${error?.code}`;
  };

  test("SECURITY 41: what is no JSON, or JSON that two readers take differently, is refused", async () => {
    const bodies = [
      "",
      "{",
      "nothing",
      '{"jsonrpc":"2.0","id":1,"id":2,"method":"tools/list"}',
      '\u{feff}{"jsonrpc":"2.0","id":1,"method":"ping"}',
      '{"jsonrpc":"2.0","id":1,"method":"\\ud800"}',
      '{"jsonrpc":"2.0","id":1,"__proto__":{"method":"x"}}',
      `${"[".repeat(100)}${"]".repeat(100)}`,
    ];
    for (const body of bodies) expect([body.slice(0, 60), await ask(body)]).toEqual([body.slice(0, 60), "400 -32700"]);
    expect(await ask(Uint8Array.from([0x22, 0xff, 0x22]))).toBe("400 -32700");
  });

  test("what is no message of JSON-RPC: 400, -32600", async () => {
    const bodies = [
      "5",
      "null",
      '[{"jsonrpc":"2.0","id":1,"method":"tools/list"}]',
      "[]",
      "{}",
      '{"jsonrpc":"1.0","id":1,"method":"tools/list"}',
      '{"jsonrpc":"2.0","id":null,"method":"tools/list"}',
      '{"jsonrpc":"2.0","id":1.5,"method":"tools/list"}',
      '{"jsonrpc":"2.0","id":9007199254740993,"method":"tools/list"}',
      '{"jsonrpc":"2.0","id":{},"method":"tools/list"}',
      `{"jsonrpc":"2.0","id":"${"x".repeat(300)}","method":"tools/list"}`,
      '{"jsonrpc":"2.0","id":1,"method":5}',
      '{"jsonrpc":"2.0","id":1,"method":"tools/list","params":[]}',
      '{"jsonrpc":"2.0","id":1}',
      '{"jsonrpc":"2.0","id":1,"result":{},"error":{}}',
    ];
    for (const body of bodies) expect([body.slice(0, 60), await ask(body)]).toEqual([body.slice(0, 60), "400 -32600"]);
  });

  test("SECURITY 48, 51: other types, sizes and codings", async () => {
    const body = '{"jsonrpc":"2.0","id":1,"method":"tools/list"}';
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", null])
      expect([type, await ask(body, { "content-type": type })]).toEqual([type, "415 -32600"]);
    expect(await ask(body, { accept: "text/html" })).toBe("406 406");
    expect(await ask(`"${"x".repeat(1024 * 1024)}"`)).toBe("413 -32600");
    const bomb = Bun.gzipSync(new Uint8Array(20 * 1024 * 1024));
    expect(await ask(bomb, { "content-encoding": "gzip" })).toBe("413 -32600");
    expect(await ask(body, { "content-encoding": "snappy" })).toBe("415 -32600");
  });

  test("a packed body is unpacked", async () => {
    const text = JSON.stringify({
      jsonrpc: "2.0",
      id: "packed",
      method: "tools/list",
      params: { _meta: { [metaKeys.version]: modern, [metaKeys.capabilities]: {} } },
    });
    const headers = { "mcp-protocol-version": modern, "mcp-method": "tools/list", "content-encoding": "gzip" };
    const heard = await heardOf(await house.raw(Bun.gzipSync(Buffer.from(text)), { key: keeper, headers }));
    expect([heard.status, heard.json["id"]]).toEqual([200, "packed"]);
  });

  test("SECURITY 35: amounts beyond what a double holds arrive exactly, and leave as text", async () => {
    const great = "9007199254740993";
    const made = await house.call("purses_delete", { id: "prs_00000000000000000000000000" }, { key: keeper });
    expect(structured(made)).toHaveProperty("confirmation");
    const body = (amount: string): string =>
      `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"purses_pay","arguments":{"id":"prs_00000000000000000000000000","amount":${amount}},"_meta":{"${metaKeys.version}":"${modern}","${metaKeys.capabilities}":{}}}}`;
    const headers = { "mcp-protocol-version": modern, "mcp-method": "tools/call", "mcp-name": "purses_pay" };
    const asked = await heardOf(await house.raw(body(great), { key: keeper, headers }));
    expect(String((structured(asked)["confirmation"] as Json)["message"])).toContain(`amount: ${great} (minor units)`);
    for (const amount of ["1e400", "0.1", "-1", "0", '"1,00"', '"٣"', "true", '" 5"', '"5 "', '""', "[5]"]) {
      const heard = await heardOf(await house.raw(body(amount), { key: keeper, headers }));
      expect([amount, heard.result["isError"] === true || heard.status === 400]).toEqual([amount, true]);
    }
  });
});

describe("who calls", () => {
  test("without credentials, or with unknown ones: 401, and where to learn of the authorization server", async () => {
    for (const message of [
      { method: "server/discover" },
      { method: "tools/list" },
      { method: "tools/call", params: { name: "hours", arguments: {} } },
      { method: "tools/call", params: { name: "nothing", arguments: {} } },
    ]) {
      const { status, headers, json } = await house.send(message);
      expect([message.method, status, json["id"]]).toEqual([message.method, 401, 1]);
      expect(headers.get("www-authenticate")).toBe(
        `Bearer realm="pons", resource_metadata="${house.origin}/.well-known/oauth-protected-resource/till/v2/mcp"`,
      );
      const unknown = await house.send(message, { key: `${keeper.slice(0, -3)}aaa` });
      expect([unknown.status, unknown.error?.data?.["type"]]).toEqual([401, "invalid_credentials"]);
      expect(unknown.headers.get("www-authenticate")).toEndWith(', error="invalid_token"');
    }
    const start = await house.legacy({ method: "initialize", params: { protocolVersion: "2025-11-25" } });
    expect(start.status).toBe(401);
  });

  test("what anyone may use is a tool for strangers", async () => {
    const path = "/kiosk/v1/mcp";
    expect(toolsOf((await house.send({ method: "tools/list" }, { path })).result).map(({ name }) => name)).toEqual(["ask"]);
    expect(structured(await house.call("ask", {}, { path }))).toEqual({ data: { open: true } });
    expect((await house.call("papers_list", {}, { path })).status).toBe(401);
  });

  test("SECURITY 6: a key in the address is refused", async () => {
    const { status, error } = await house.send({ method: "tools/list" }, { path: `/till/v2/mcp?api_key=${keeper}` });
    expect([status, error?.data?.["type"]]).toEqual([400, "credential_in_address"]);
  });

  test("SECURITY 61: pages of other origins are refused, 403", async () => {
    const ask = async (origin: string): Promise<number> =>
      (await house.send({ method: "tools/list" }, { key: keeper, headers: { origin } })).status;
    for (const origin of [
      "https://evil.example",
      "http://evil.example:3000",
      "null",
      "file://",
      "http://127.0.0.1:1",
      "http://localhost:1",
      `${house.origin}/`,
      "",
    ])
      expect([origin, await ask(origin)]).toEqual([origin, 403]);
    expect(await ask(house.origin)).toBe(200);
    expect(await ask("https://welcome.example")).toBe(200);
    // By a name that leads here, and that others give out (DNS rebinding).
    const port = new URL(house.origin).port;
    const rebound = await house.send(
      { method: "tools/list" },
      { key: keeper, headers: { host: `evil.example:${port}`, origin: `http://evil.example:${port}` } },
    );
    expect(rebound.status).toBe(403);
    const own = await openHouse({ publicOrigin: "https://api.example" });
    const key = await own.grant("keeper");
    const at = async (origin: string): Promise<number> =>
      (await own.send({ method: "tools/list" }, { key, headers: { origin } })).status;
    expect([await at("https://api.example"), await at(own.origin), await at("http://api.example")]).toEqual([200, 403, 403]);
    await own[Symbol.asyncDispose]();
  });
});

describe("2025-11-25", () => {
  test("initialize: the client's revision where it is spoken, else the newest of ours", async () => {
    for (const [asked, answered] of [
      ["2025-11-25", "2025-11-25"],
      ["2025-06-18", "2025-06-18"],
      ["2024-11-05", "2025-11-25"],
      ["2099-01-01", "2025-11-25"],
    ]) {
      const params = { protocolVersion: asked, capabilities: {}, clientInfo: { name: "test", version: "1" } };
      const { status, result, headers } = await house.legacy(
        { method: "initialize", params },
        { key: keeper, headers: { "mcp-protocol-version": null } },
      );
      expect([status, result["protocolVersion"], headers.get("mcp-session-id")]).toEqual([200, answered as string, null]);
      expect(result).toMatchObject({ capabilities: { tools: {} }, serverInfo: { name: "till", title: "Till", version: "v2" } });
    }
    expect(codeOf(await house.legacy({ method: "initialize" }, { key: keeper }))).toBe("200 -32602");
  });

  test("a session id is given only to who can be asked, and holds on every node", async () => {
    const params = {
      protocolVersion: "2025-11-25",
      capabilities: { elicitation: {} },
      clientInfo: { name: "test", version: "1" },
    };
    const session = (await house.legacy({ method: "initialize", params }, { key: keeper })).headers.get("mcp-session-id") ?? "";
    expect(session).toMatch(/^[\x21-\x7e]+$/);
    const list = async (id: string): Promise<number> =>
      (await house.legacy({ method: "tools/list" }, { key: keeper, headers: { "mcp-session-id": id } })).status;
    expect(await list(session)).toBe(200);
    for (const id of ["x", `${session}x`, session.slice(0, -1), session.replace("ask.", "ask.A")])
      expect(await list(id)).toBe(404);
  });

  test("results have what that revision has", async () => {
    const { result } = await house.legacy({ method: "tools/list" }, { key: keeper });
    expect(Object.keys(result)).toEqual(["tools"]);
    const ping = await house.legacy({ method: "ping" }, { key: keeper });
    expect([ping.status, ping.result]).toEqual([200, {}]);
    const called = await house.legacy({ method: "tools/call", params: { name: "hours" } }, { key: keeper });
    expect(Object.keys(called.result)).toEqual(["content", "structuredContent", "isError"]);
    const taken = await house.legacy({ id: undefined, method: "notifications/initialized" }, { key: keeper });
    expect([taken.status, taken.text]).toEqual([202, ""]);
    expect(codeOf(await house.legacy({ method: "server/discover" }, { key: keeper }))).toBe("200 -32601");
  });

  test("a revision that is not spoken, and none: 400", async () => {
    const ask = (version: string | null): Promise<string> =>
      house.legacy({ method: "tools/list" }, { key: keeper, headers: { "mcp-protocol-version": version } }).then(codeOf);
    expect([await ask("2025-03-26"), await ask(null), await ask(modern)]).toEqual(["400 -32022", "400 -32020", "400 -32602"]);
  });
});
