/** The listener: protocols, what it refuses by itself, what lies beside the operations. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { writeCertificate } from "./certificate.ts";
import { startServer, type TestServer } from "./server.ts";
import { TemporaryFolder } from "./temporary-folder.ts";

const minute = 60_000;
const folder = new TemporaryFolder();
const { cert, key } = writeCertificate(folder.path);
const ca = await Bun.file(cert).text();
let plain: TestServer;
let secure: TestServer;

beforeAll(async () => {
  plain = await startServer({ data: folder.at("data") });
  secure = await startServer({
    data: folder.at("data"),
    environment: { PONS_TLS_CERT: cert, PONS_TLS_KEY: key, PONS_BASE_DOMAIN: "example.com" },
  });
}, minute);
afterAll(async () => {
  expect(await plain.stop()).toBe(0);
  expect(await secure.stop()).toBe(0);
  expect(plain.log + secure.log).toBe("");
  folder[Symbol.dispose]();
});

/** One request over HTTP/2. */
const overHttp2 = (url: string, headers: Record<string, string>): Promise<{ status: number; body: string }> =>
  new Promise((resolve, reject) => {
    const session = connectHttp2(url, { ca });
    session.on("error", reject);
    const stream = session.request(headers);
    let status = 0;
    let body = "";
    stream.on("response", (answer) => (status = Number(answer[":status"])));
    stream.setEncoding("utf8");
    stream.on("data", (chunk: string) => (body += chunk));
    stream.on("error", reject);
    stream.on("end", () => session.close(() => resolve({ status, body })));
    stream.end();
  });

/** What comes back for these bytes. */
const raw = (server: TestServer, request: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(server.facts.baseUrl);
    const socket = connect(Number(port), hostname, () => socket.write(request));
    let answer = "";
    socket.on("data", (chunk) => (answer += chunk.toString()));
    socket.on("error", reject);
    socket.on("close", () => resolve(answer));
    setTimeout(() => socket.end(), 300);
  });

const bearer = (server: TestServer): string => `Bearer ${server.facts.demo!.keys.sandbox}`;

describe("protocols", () => {
  test("HTTP/2 without TLS, by prior knowledge", async () => {
    const answer = await overHttp2(plain.facts.baseUrl, { ":path": "/bank/v2/accounts/count", authorization: bearer(plain) });
    expect(answer).toMatchObject({ status: 200, body: '{"success":true,"data":300}' });
  });

  test("TLS: HTTP/1.1", async () => {
    expect(secure.facts.baseUrl).toStartWith("https://localhost:");
    const answer = await secure.fetch("/bank/v2/accounts/count", { tls: { ca }, protocol: "http1.1" });
    expect(await answer.json()).toEqual({ success: true, data: 300 });
    expect(answer.headers.get("alt-svc")).toContain("h3=");
  });

  test("TLS: HTTP/2", async () => {
    const answer = await overHttp2(secure.facts.baseUrl, { ":path": "/bank/v2/accounts/count", authorization: bearer(secure) });
    expect(answer).toMatchObject({ status: 200, body: '{"success":true,"data":300}' });
  });

  test("TLS: HTTP/3", async () => {
    // Bun's client takes no certificate of one's own for HTTP/3, and only the first address of a name.
    const url = `${secure.facts.baseUrl.replace("localhost", "127.0.0.1")}/bank/v2/accounts/count`;
    const answer = await fetch(url, {
      headers: { authorization: bearer(secure) },
      tls: { rejectUnauthorized: false },
      protocol: "http3",
    });
    expect(await answer.json()).toEqual({ success: true, data: 300 });
  });

  test("a base domain makes services hosts", async () => {
    const headers = { host: "v2.bank.example.com" };
    const answer = await secure.fetch("/accounts/count", { headers, tls: { ca }, protocol: "http1.1" });
    expect(await answer.json()).toEqual({ success: true, data: 300 });
  });
});

describe("beside the operations", () => {
  test.each([
    ["/healthz", 200, '{"status":"ok"}'],
    ["/readyz", 200, '{"status":"ready"}'],
  ])("%s", async (path, status, body) => {
    const answer = await plain.fetch(path);
    expect({ status: answer.status, body: await answer.text() }).toEqual({ status, body });
    expect(answer.headers.get("cache-control")).toBe("no-store");
  });

  test("the front page, for machines and for people", async () => {
    const machine = await plain.fetch("/", { headers: { accept: "*/*" } });
    const url = "/bank/v2";
    expect(await machine.json()).toMatchObject({
      name: "Pons",
      services: [
        { name: "bank", versions: [{ name: "v2", url, openapi: `${url}/openapi.json`, docs: `${url}/docs` }, { name: "v1" }] },
        { name: "delivery", versions: [{ name: "v1" }] },
        { name: "platform", versions: [{ name: "v1" }] },
      ],
    });
    const person = await plain.fetch("/", { headers: { accept: "text/html,application/xhtml+xml,*/*;q=0.8" } });
    expect(person.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(person.headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(await person.text()).toContain('<a href="/bank/v2/docs">reference</a>');
  });

  test("every link of the front page leads somewhere, also right after the start", async () => {
    const { services } = (await (await plain.fetch("/")).json()) as {
      services: { versions: { openapi: string; docs: string }[] }[];
    };
    const links = services.flatMap(({ versions }) => versions.flatMap(({ openapi, docs }) => [openapi, docs]));
    expect(links).toHaveLength(8);
    for (const link of [...links, "/favicon.ico"]) expect((await plain.fetch(link)).status).toBe(200);
    expect(await (await plain.fetch("/bank/v2/openapi.json")).json()).toMatchObject({
      openapi: "3.1.2",
      info: { version: "v2" },
    });
  });

  test("the index of a version leads to what stands below it, wherever it is reached", async () => {
    const index = await plain.fetch("/bank/v2", { headers: { authorization: "" } });
    expect(index.status).toBe(200);
    expect(await index.json()).toMatchObject({
      service: "bank",
      version: "v2",
      openapi: "/bank/v2/openapi.json",
      docs: "/bank/v2/docs",
      collections: expect.arrayContaining([
        { name: "accounts", url: "/bank/v2/accounts", description: expect.stringMatching(/\w/) },
      ]),
    });
    type Index = { version: string; openapi: string; docs: string; collections: { url: string }[] };
    for (const path of ["/bank/v1", "/de/bank/v2"]) {
      const { openapi, docs, collections } = (await (await plain.fetch(path)).json()) as Index;
      for (const url of [openapi, docs, ...collections.map((one) => one.url)]) {
        expect(url).toStartWith(`${path}/`);
        expect([url, (await plain.fetch(url)).status]).toEqual([url, 200]);
      }
    }
    const headers = { host: "v2.bank.example.com" };
    const own = (await (await secure.fetch("/", { headers, tls: { ca }, protocol: "http1.1" })).json()) as Index;
    expect([own.version, own.openapi]).toEqual(["v2", "/openapi.json"]);
    const person = await plain.fetch("/bank/v2", { headers: { accept: "text/html" } });
    expect(await person.text()).toContain('<a href="/bank/v2/accounts">accounts</a>');
    expect((await plain.fetch("/bank/v9")).status).toBe(404);
    expect((await plain.fetch("/bank/v2", { method: "POST" })).status).toBe(405);
  });

  test("HEAD and other methods", async () => {
    const head = await plain.fetch("/healthz", { method: "HEAD" });
    expect({ status: head.status, body: await head.text() }).toEqual({ status: 200, body: "" });
    const post = await plain.fetch("/healthz", { method: "POST" });
    expect(post.status).toBe(405);
    expect(post.headers.get("allow")).toContain("GET");
  });
});

describe("refused", () => {
  test.each(["TRACE", "CONNECT"])("SECURITY 65: %s", async (method) => {
    const target = method === "CONNECT" ? "example.com:443" : "/";
    const answer = await raw(plain, `${method} ${target} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 (?:400|405) /);
    expect(answer).not.toContain("pons");
  });

  test("SECURITY 51: a body that is too large, in the API's own words and without reading it", async () => {
    const answer = await raw(
      plain,
      `POST /bank/v2/customers HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAuthorization: ${bearer(plain)}\r\nContent-Length: 900000000\r\n\r\n{`,
    );
    expect(answer).toStartWith("HTTP/1.1 413 ");
    expect(answer).toContain('"type":"too_large"');
  });

  test("an address no one has", async () => {
    const answer = await plain.fetch("/nothing/here");
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({ success: false, error: { code: 404, type: "not_found" } });
  });
});
