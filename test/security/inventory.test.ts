/**
 * What a running server answers is what its documents say, and no more: every address of them, none beside them, nothing for the inside; pages that are
 * harmless in a browser; TLS of this decade.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connect } from "node:net";
import { connect as connectTls } from "node:tls";
import { compile } from "../../src/contract/index.ts";
import { readLock } from "../../src/contract/lock/index.ts";
import { protoOf } from "../../src/contract/protobuf/index.ts";
import { versionView } from "../../src/contract/versions.ts";
import { loadServices } from "../../src/host/load-services.ts";
import { writeCertificate } from "../host/certificate.ts";
import { startServer, type TestServer } from "../host/server.ts";
import { TemporaryFolder } from "../host/temporary-folder.ts";

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly deprecated?: boolean }>>>>;
}

interface Front {
  readonly services: readonly {
    readonly name: string;
    readonly versions: readonly {
      readonly name: string;
      readonly url: string;
      readonly openapi: string;
      readonly docs: string;
    }[];
  }[];
}

const minute = 60_000;
const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "QUERY"] as const;
const missing = "xxx_00000000000000000000000000";

/** What is served beside the services, to anybody. */
const open = ["/", "/favicon.ico", "/healthz", "/readyz", "/.well-known/security.txt"];
/** Where other servers show their inside. */
const inside = [
  "/metrics",
  "/debug",
  "/debug/pprof",
  "/debug/vars",
  "/actuator",
  "/actuator/env",
  "/server-status",
  "/status",
  "/admin",
  "/console",
  "/.env",
  "/.git/config",
  "/.git/HEAD",
  "/package.json",
  "/node_modules",
  "/src/index.ts",
  "/services/bank/index.ts",
  "/data/demo.json",
  "/data/secret",
  "/demo.json",
  "/swagger",
  "/swagger.json",
  "/openapi.json",
  "/graphql",
  "/trace",
  "/heapdump",
  "/_pons/forward",
  "/_pons",
  "/bank",
  "/bank/v2/debug",
  "/bank/v2/docs/package.json",
  "/bank/v2/docs/../../../package.json",
  "/bank/v2/docs/%2e%2e%2fpackage.json",
  "/bank/v2/docs/..%2f..%2fpackage.json",
];

const withLength = (bytes: number, content: Buffer): Buffer => {
  const length = Buffer.alloc(bytes);
  length.writeUIntBE(content.length, 0, bytes);
  return Buffer.concat([length, content]);
};

/** The first message of a client that speaks no newer version than this one (RFC 5246 section 7.4.1.2). */
const clientHello = (version: number): Buffer => {
  const words = (...values: number[]): Buffer => Buffer.from(values.flatMap((value) => [value >> 8, value & 255]));
  const extension = (type: number, content: Buffer): Buffer => Buffer.concat([words(type), withLength(2, content)]);
  const suites = withLength(2, words(0xc02f, 0xc02b, 0xc013, 0xc009, 0xc014, 0xc00a, 0x002f, 0x0035));
  const groups = extension(10, withLength(2, words(29, 23)));
  const points = extension(11, Buffer.from([1, 0]));
  const algorithms = extension(13, withLength(2, words(0x0403, 0x0804, 0x0401)));
  const extensions = withLength(2, Buffer.concat([groups, points, algorithms]));
  const random = crypto.getRandomValues(Buffer.alloc(32));
  const body = Buffer.concat([words(version), random, Buffer.from([0]), suites, Buffer.from([1, 0]), extensions]);
  const handshake = Buffer.concat([Buffer.from([1]), withLength(3, body)]);
  return Buffer.concat([Buffer.from([22]), words(0x0301), withLength(2, handshake)]);
};

describe("the inventory of a running server", () => {
  const folder = new TemporaryFolder();
  const { cert, key } = writeCertificate(folder.path);
  let plain: TestServer;
  let secure: TestServer;
  let front: Front;
  let ca: string;
  beforeAll(async () => {
    ca = await Bun.file(cert).text();
    plain = await startServer({ data: folder.at("data") });
    secure = await startServer({ data: folder.at("data"), environment: { PONS_TLS_CERT: cert, PONS_TLS_KEY: key } });
    front = (await (await plain.fetch("/")).json()) as Front;
  }, minute);
  afterAll(async () => {
    await plain.stop();
    await secure.stop();
    folder[Symbol.dispose]();
  });

  const anonymous = (path: string, init: BunFetchRequestInit = {}): Promise<Response> =>
    fetch(`${plain.facts.baseUrl}${path}`, { redirect: "manual", ...init });
  const raw = (request: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const { hostname, port } = new URL(plain.facts.baseUrl);
      const socket = connect(Number(port), hostname, () => socket.write(request));
      let answer = "";
      socket.on("data", (chunk) => (answer += chunk.toString()));
      socket.on("error", reject);
      socket.on("close", () => resolve(answer));
    });

  test("SECURITY 65: the front page names every service there is, each version with its document", () => {
    const names = front.services.map(({ name }) => name);
    expect(names).toEqual(["bank", "delivery", "platform"]);
    for (const { versions } of front.services) expect(versions.length).toBeGreaterThan(0);
  });

  test(
    "SECURITY 65: every documented method of every address is answered, every other one is 405, and old versions say that they are",
    async () => {
      const wrong: unknown[] = [];
      let asked = 0;
      for (const { versions } of front.services) {
        for (const { url, openapi } of versions) {
          const { paths } = (await (await anonymous(`${openapi}?spec=3.2`)).json()) as Document;
          for (const [path, item] of Object.entries(paths)) {
            const documented = new Set(Object.keys(item).map((method) => method.toUpperCase()));
            const target = `${url}${path.replaceAll(/\{\w+\}/g, missing)}`;
            const options = await anonymous(target, { method: "OPTIONS" });
            const allowed = new Set((options.headers.get("allow") ?? "").split(", "));
            for (const method of methods) {
              if (method === "QUERY" && !documented.has("QUERY")) continue;
              asked++;
              const isDocumented = documented.has(method) || (method === "HEAD" && documented.has("GET"));
              if (isDocumented && !allowed.has(method)) wrong.push({ method, target, is: "documented, not served" });
            }
            for (const method of allowed)
              if (
                method !== "OPTIONS" &&
                !documented.has(method === "HEAD" ? "GET" : method) &&
                !isReadOnlyProperty(path, method)
              )
                wrong.push({ method, target, is: "served, not documented" });
            const isOld = Object.values(item).some(({ deprecated }) => deprecated === true);
            if (isOld) {
              const answer = await plain.fetch(target, { method: [...allowed][0] ?? "GET" });
              if (!answer.headers.has("deprecation") || !answer.headers.has("sunset"))
                wrong.push({ target, is: "deprecated, and does not say so" });
            }
          }
        }
      }
      expect(wrong).toEqual([]);
      expect(asked).toBeGreaterThan(500);
    },
    minute,
  );

  test("SECURITY 65: every version of every service has its asyncapi.json, its .proto and its protocol.html, and they are its own", async () => {
    const contracts = new Map((await loadServices([])).map(({ definition }) => [definition.name, compile(definition)]));
    const seen: string[] = [];
    const text = async (path: string, type: string): Promise<string> => {
      const answer = await anonymous(path);
      expect([path, answer.status, answer.headers.get("content-type")]).toEqual([path, 200, type]);
      expect([path, answer.headers.get("x-content-type-options")]).toEqual([path, "nosniff"]);
      return answer.text();
    };
    for (const { name, versions } of front.services) {
      const contract = contracts.get(name);
      if (contract === undefined) throw new Error(`there is no service ${name}`);
      const lock = await readLock(new URL(`../../services/${name}/contract.lock`, import.meta.url).pathname);
      for (const { name: version, url } of versions) {
        seen.push(`${name} ${version}`);
        const operations = [...versionView(contract, version).contract.operations.keys()];
        const asyncApi = JSON.parse(await text(`${url}/asyncapi.json`, "application/json")) as {
          readonly asyncapi: string;
          readonly operations: Readonly<Record<string, unknown>>;
          readonly servers: Readonly<Record<string, { readonly host: string }>>;
        };
        expect([url, asyncApi.asyncapi]).toEqual([url, expect.stringMatching(/^3\.1\./)]);
        expect(asyncApi.servers["socket"]?.host).toBe(new URL(plain.facts.baseUrl).host);
        expect(operations.filter((one) => !Object.hasOwn(asyncApi.operations, one.replaceAll(".", "_")))).toEqual([]);
        const proto = protoOf(contract, version, lock?.numbers ?? {});
        expect(await text(`${url}/${name}.proto`, "text/plain; charset=utf-8")).toBe(proto.text);
        const page = await text(`${url}/protocol.html`, "text/html; charset=utf-8");
        expect(operations.filter((one) => !page.includes(`id="${one}"`))).toEqual([]);
        expect(page).toContain(`${plain.facts.baseUrl}${url}/openapi.json`);
      }
      // Of another version there is none.
      for (const file of ["asyncapi.json", `${name}.proto`, "protocol.html"])
        expect([file, (await anonymous(`/${name}/v99/${file}`)).status]).toEqual([file, 404]);
    }
    expect(seen).toEqual(["bank v2", "bank v1", "delivery v1", "platform v1"]);
  });

  /** Answered with 422 `read_only`, so not worth documenting. */
  const isReadOnlyProperty = (path: string, method: string): boolean =>
    /^\/\w+\/\{id\}\/\w+$/.test(path) && (method === "PUT" || method === "PATCH");

  test("SECURITY 65: nothing shows the inside, to nobody and to the staff, by any method", async () => {
    for (const path of inside) {
      for (const method of ["GET", "POST"] as const) {
        const answers = [await anonymous(path, { method }), await plain.fetch(path, { method })];
        for (const answer of answers) {
          const text = await answer.text();
          expect([path, method, [400, 404, 405, 415].includes(answer.status)]).toEqual([path, method, true]);
          expect([path, /node_modules|\.ts\b|process|heap/.test(text)]).toEqual([path, false]);
        }
      }
    }
  });

  test("SECURITY 65: health and the front page tell nothing but what they are for", async () => {
    expect(await (await anonymous("/healthz")).text()).toBe('{"status":"ok"}');
    expect(await (await anonymous("/readyz")).text()).toBe('{"status":"ready"}');
    for (const path of open) {
      const answer = await anonymous(path);
      const text = `${JSON.stringify([...answer.headers])} ${await answer.text()}`;
      expect([path, answer.status]).toEqual([path, 200]);
      expect([path, /\bbun\b|postgres|sqlite|\d+\.\d+\.\d+|x-powered-by/i.exec(text)?.[0] ?? "nothing"]).toEqual([
        path,
        "nothing",
      ]);
      expect(answer.headers.has("server")).toBe(false);
    }
  });

  test.each(["TRACE", "TRACK", "CONNECT", "DEBUG", "PROPFIND"])("SECURITY 65: %s is off and echoes nothing", async (method) => {
    const target = method === "CONNECT" ? "a.example:443" : "/bank/v2/accounts";
    const answer = await raw(`${method} ${target} HTTP/1.1\r\nHost: a\r\nX-Marker: marked\r\nConnection: close\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 (?:400|405|501) |^$/);
    expect(answer).not.toContain("marked");
  });

  test("SECURITY 65: TLS 1.2 and 1.3, and nothing older", async () => {
    const { hostname, port } = new URL(secure.facts.baseUrl);
    const answerTo = (hello: Buffer): Promise<Buffer> =>
      new Promise((resolve, reject) => {
        const socket = connect(Number(port), hostname, () => socket.write(hello));
        socket.once("data", (chunk: Buffer) => {
          resolve(chunk);
          socket.destroy();
        });
        socket.on("error", reject);
        socket.on("close", () => resolve(Buffer.alloc(7)));
      });
    // An alert (21) that is fatal (2): protocol_version (70). A handshake is 22.
    for (const old of [0x0300, 0x0301, 0x0302]) {
      const answer = await answerTo(clientHello(old));
      expect([old, answer[0], answer[5], answer[6]]).toEqual([old, 21, 2, 70]);
    }
    expect((await answerTo(clientHello(0x0303)))[0]).toBe(22);
    for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
      const socket = connectTls({
        host: hostname,
        port: Number(port),
        ca,
        servername: "localhost",
        minVersion: version,
        maxVersion: version,
      });
      await new Promise((resolve, reject) => socket.once("secureConnect", resolve).once("error", reject));
      expect(socket.getProtocol()).toBe(version);
      socket.destroy();
    }
  });

  test("SECURITY 62: pages run no script of others, stand in no frame, and tell nobody where they were", async () => {
    const page = { headers: { accept: "text/html" } };
    const pages = ["/", ...front.services.flatMap(({ versions }) => versions.flatMap(({ url, docs }) => [url, docs]))];
    for (const path of pages) {
      const answer = await anonymous(path, page);
      const policy = answer.headers.get("content-security-policy") ?? "";
      expect([path, answer.status, answer.headers.get("content-type")]).toEqual([path, 200, "text/html; charset=utf-8"]);
      for (const part of ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'"])
        expect([path, policy]).toEqual([path, expect.stringContaining(part)]);
      expect([path, /unsafe-|\*|http:/.exec(policy)?.[0] ?? "nothing"]).toEqual([path, "nothing"]);
      const { headers } = answer;
      expect([path, headers.get("x-content-type-options"), headers.get("referrer-policy")]).toEqual([
        path,
        "nosniff",
        "no-referrer",
      ]);
      expect([path, headers.get("cross-origin-opener-policy")]).toEqual([path, "same-origin"]);
      const html = await answer.text();
      expect([path, /<script(?![^>]*\ssrc=)|\son[a-z]+\s*=|javascript:/i.exec(html)?.[0] ?? "nothing"]).toEqual([
        path,
        "nothing",
      ]);
    }
  });

  test("SECURITY 62: over TLS every answer asks browsers to stay there for a year at least, and without TLS none does", async () => {
    const tls = { ca };
    for (const path of ["/", "/healthz", "/bank/v2/accounts", "/nothing"]) {
      const answer = await fetch(`${secure.facts.baseUrl}${path}`, { tls });
      const age = /max-age=(\d+)/.exec(answer.headers.get("strict-transport-security") ?? "")?.[1];
      expect([path, Number(age) >= 31_536_000]).toEqual([path, true]);
      expect((await anonymous(path)).headers.has("strict-transport-security")).toBe(false);
    }
  });
});
