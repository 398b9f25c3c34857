/** The life of a server, from an empty folder to its end, on both engines. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { readDemoFile } from "../../src/host/demo-file.ts";
import { drainMsMax } from "../../src/host/run.ts";
import { type TestDatabase, testDatabases } from "../postgres/index.ts";
import { pons, spawnPons, startServer, type StartFacts, type TestServer } from "./server.ts";
import { TemporaryFolder } from "./temporary-folder.ts";

const minute = 60_000;
const secret = "a secret of tests only, long enough";

interface List {
  readonly data: readonly Record<string, unknown>[];
  readonly pagination: { readonly totalRecords: number };
}

const total = async (server: TestServer, path: string, key: string): Promise<number> => {
  const response = await server.fetch(path, { headers: { authorization: `Bearer ${key}` } });
  expect(response.status).toBe(200);
  return ((await response.json()) as List).pagination.totalRecords;
};

describe.each(testDatabases())("$engine", ({ engine, create }) => {
  let database: TestDatabase;
  let folder: TemporaryFolder;
  let environment: Record<string, string>;
  let first: StartFacts;

  const start = (more: Record<string, string> = {}): Promise<TestServer> =>
    startServer({ data: folder.at("data"), environment: { ...environment, ...more } });

  beforeAll(async () => {
    database = await create();
    folder = new TemporaryFolder();
    environment = engine === "sqlite" ? {} : { PONS_DATABASE_URL: database.url };
    await using server = await start();
    first = server.facts;
    expect(await server.stop()).toBe(0);
    expect(server.log).toBe("");
  }, minute);
  afterAll(async () => {
    await database.drop();
    folder[Symbol.dispose]();
  });

  test("an empty folder becomes a running bank: a sandbox with data, a live environment without, three callers", async () => {
    await using server = await start();
    const { keys, logins } = readDemoFile(folder.at("data"))!;
    expect(await total(server, "/bank/v2/transfers?perPage=1", keys.sandbox)).toBe(5_000);
    expect(await total(server, "/bank/v2/customers?perPage=1", keys.live)).toBe(0);
    expect(await total(server, "/bank/v2/accounts?perPage=1", logins.staff.key)).toBe(300);
    const own = await total(server, "/bank/v2/accounts?perPage=1", logins.customer!.key);
    expect(own).toBeGreaterThan(0);
    expect(own).toBeLessThan(300);
    const profile = await server.fetch("/bank/v2/profile", { headers: { authorization: `Bearer ${logins.customer!.key}` } });
    expect(await profile.json()).toMatchObject({ data: { id: logins.customer!.subject, email: logins.customer!.email } });
    // Live is empty, but a business can begin there.
    const made = await server.post(
      "/bank/v2/customers",
      { name: "Ada", email: `ada@${engine}.example`, country: "MT" },
      { authorization: `Bearer ${keys.live}` },
    );
    expect(made.status).toBe(201);
  });

  test("demo.json says where and with which keys, to its owner only", async () => {
    await using server = await start();
    const path = folder.at("data", "demo.json");
    const { baseUrl, demo } = server.facts;
    expect(JSON.parse(readFileSync(path, "utf8"))).toEqual({
      baseUrl,
      keys: demo!.keys,
      logins: demo!.logins,
      basic: demo!.basic!,
    });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(folder.at("data", "secret")).mode & 0o777).toBe(0o600);
  });

  test("the next start has the same keys and the same rows", async () => {
    await using server = await start();
    const { baseUrl: _, ...same } = first;
    expect(server.facts).toMatchObject({ demo: same.demo! });
    expect(await server.data("/bank/v2/transfers/count")).toBe(5_000);
  });

  test("keys that were lost are made anew", async () => {
    const path = folder.at("data", "demo.json");
    const kept = readFileSync(path, "utf8");
    writeFileSync(path, "{");
    try {
      await using server = await start();
      expect(server.facts.demo!.keys.sandbox).not.toBe(first.demo!.keys.sandbox);
      expect(await total(server, "/bank/v2/accounts?perPage=1", server.facts.demo!.keys.sandbox)).toBe(300);
    } finally {
      writeFileSync(path, kept);
    }
  });

  test("keys of another database are granted here too", async () => {
    await using other = await create();
    await using server = await start({ PONS_DATABASE_URL: other.url });
    expect(server.facts.demo!.keys).toEqual(first.demo!.keys);
    expect(await total(server, "/bank/v2/accounts?perPage=1", first.demo!.keys.sandbox)).toBe(300);
  });

  test("SIGTERM lets a call that has begun end, takes no other, and ends with 0", async () => {
    await using server = await start();
    const { hostname, port } = new URL(server.facts.baseUrl);
    const body = JSON.stringify({ name: "Late", email: `late@${engine}.example`, country: "MT" });
    const socket = connect(Number(port), hostname);
    let answer = "";
    const closed = new Promise<void>((resolve) => socket.on("close", () => resolve()));
    const begun = Promise.withResolvers<void>();
    socket.on("data", (chunk) => {
      answer += chunk.toString();
      begun.resolve();
    });
    // The server says 100 Continue once the call has begun (RFC 9110 section 10.1.1).
    socket.write(
      `POST /bank/v2/customers HTTP/1.1\r\nHost: ${hostname}:${port}\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n` +
        `Authorization: Bearer ${server.facts.demo!.keys.sandbox}\r\nContent-Length: ${body.length}\r\n\r\n`,
    );
    await begun.promise;
    expect(answer).toStartWith("HTTP/1.1 100 ");
    answer = "";
    socket.write(body.slice(0, 10));
    const exit = server.stop();
    const isRefused = async (): Promise<boolean> =>
      fetch(`${server.facts.baseUrl}/healthz`).then(
        () => false,
        (error: { code?: string }) => error.code === "ECONNREFUSED",
      );
    for (let tries = 0; tries < 200 && !(await isRefused()); tries++) await Bun.sleep(10);
    expect(await isRefused()).toBe(true);
    socket.write(body.slice(10));
    await closed;
    expect(answer).toStartWith("HTTP/1.1 201 ");
    expect(await exit).toBe(0);
    await using again = await start();
    expect(await again.data<unknown[]>(`/bank/v2/customers?email=late@${engine}.example`)).toHaveLength(1);
  });

  test(
    "a schema that does not fit is refused in production, shown and applied by migrate",
    async () => {
      await using other = await create();
      using own = new TemporaryFolder();
      const service = own.at("notes.ts");
      const write = (fields: string): void =>
        writeFileSync(
          service,
          `import { resource, service, t } from "pons";
         const notes = resource("notes", { doc: "Notes.", fields: { id: t.id("nte"), text: t.string(), ${fields} } },
           ({ all }) => ({ rows: { writer: all }, access: { create: ["writer"] } }));
         export default service("notes", { doc: "Notes.", version: "v1", roles: { writer: "Writes." }, resources: [notes] });`,
        );
      const production = {
        PONS_MODE: "production",
        PONS_SECRET: secret,
        PONS_DATABASE_URL: other.url,
        PONS_DATA: own.at("data"),
        PONS_PORT: "0",
        PONS_LOG: "warn",
      };
      write("");
      // An empty database gets its schema, but neither keys nor rows.
      await using server = await startServer({ data: own.at("data"), environment: production, services: [service] });
      const { baseUrl } = server.facts;
      const ports = { grpcPort: expect.any(Number), linePort: expect.any(Number) };
      expect(server.facts).toEqual({ baseUrl, mode: "production", ...ports, services: expect.anything() } as never);
      expect((await server.fetch("/notes/v1/notes")).status).toBe(401);
      expect(existsSync(own.at("data", "demo.json"))).toBe(false);
      expect(await server.stop()).toBe(0);

      write("due: t.date({ optional: true })");
      const refused = await pons(["start", "--services", service], production);
      expect(refused).toMatchObject({ code: 3, out: "" });
      expect(refused.err).toContain("add column notes_notes.due");
      expect(refused.err).toContain("pons migrate");
      const shown = await pons(["migrate", "--services", service, "--json"], production);
      expect(shown.code).toBe(3);
      expect(JSON.parse(shown.out)).toMatchObject({
        fits: false,
        steps: [{ summary: "add column notes_notes.due", destructive: false, required: true }],
      });
      expect(await pons(["migrate", "--apply", "--services", service], production)).toMatchObject({
        code: 0,
        out: expect.stringContaining("add column notes_notes.due"),
      });
      expect((await pons(["migrate", "--services", service], production)).code).toBe(0);
      await using fits = await startServer({ data: own.at("data"), environment: production, services: [service] });
      expect(await fits.stop()).toBe(0);

      write("due: t.boolean()");
      const impossible = await pons(["start", "--services", service], { ...production, PONS_MODE: "development" });
      expect(impossible).toMatchObject({ code: 3 });
      expect(impossible.err).toContain("notes_notes.due");
      expect((await pons(["migrate", "--apply", "--services", service], production)).code).toBe(3);
    },
    minute,
  );

  test(
    "a first start that is ended halfway leaves no half bank",
    async () => {
      await using other = await create();
      using own = new TemporaryFolder();
      const settings = { PONS_DATABASE_URL: other.url, PONS_DATA: own.at("data"), PONS_PORT: "0" };
      const child = spawnPons(["start"], settings);
      for (let tries = 0; tries < 400 && !existsSync(own.at("data", "secret")); tries++) await Bun.sleep(5);
      await Bun.sleep(500);
      child.kill("SIGINT");
      expect(await child.exited).toBe(130);
      expect(await child.stdout.text()).toBe("");
      await using server = await startServer({ data: own.at("data"), environment: { PONS_DATABASE_URL: other.url } });
      expect(await server.data("/bank/v2/transfers/count")).toBe(5_000);
      expect(await server.data("/bank/v2/customers/count")).toBe(200);
    },
    minute,
  );
});

describe("an end that is not awaited for ever", () => {
  /** Filled by the first of the servers. */
  const folder = new TemporaryFolder();
  afterAll(() => folder[Symbol.dispose]());

  /** A call whose body never comes. */
  const hang = async (server: TestServer): Promise<void> => {
    const { hostname, port } = new URL(server.facts.baseUrl);
    const socket = connect(Number(port), hostname);
    socket.on("error", () => undefined);
    socket.write(
      `POST /bank/v2/customers HTTP/1.1\r\nHost: ${hostname}\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n` +
        `Authorization: Bearer ${server.facts.demo!.keys.sandbox}\r\nContent-Length: 10\r\n\r\n`,
    );
    await new Promise((resolve) => socket.once("data", resolve));
  };

  test(
    "a second signal ends it at once",
    async () => {
      await using server = await startServer({ data: folder.path });
      await hang(server);
      server.child.kill("SIGTERM");
      await Bun.sleep(200);
      expect(server.child.exitCode).toBeNull();
      expect(await server.stop("SIGTERM")).toBe(143);
    },
    minute,
  );

  test(
    "calls that do not end are cut off, and the exit code says so",
    async () => {
      await using server = await startServer({ data: folder.path });
      await hang(server);
      const start = performance.now();
      expect(await server.stop()).toBe(1);
      expect(performance.now() - start).toBeLessThan(2 * drainMsMax);
      expect(server.log).toContain('"event":"calls_cut_off"');
    },
    minute,
  );
});

describe("what stops a start is told, with an exit code of its own", () => {
  test("production without its secret", async () => {
    using folder = new TemporaryFolder();
    const ended = await pons(["start"], { PONS_MODE: "production", PONS_DATA: folder.at("data") });
    expect(ended).toMatchObject({ code: 78, out: "" });
    expect(ended.err).toStartWith("pons: PONS_SECRET is not set: expected at least 32 characters");
    expect(existsSync(folder.at("data"))).toBe(false);
  });

  test("a port that is taken", async () => {
    using folder = new TemporaryFolder();
    using taken = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response() });
    const ended = await pons(["start"], { PONS_DATA: folder.at("data"), PONS_PORT: String(taken.port) });
    expect(ended).toMatchObject({ code: 69, out: "" });
    expect(ended.err).toContain(`port ${taken.port} of 127.0.0.1 is taken`);
  });

  test("a database that does not answer, named without its password", async () => {
    using folder = new TemporaryFolder();
    const ended = await pons(["start"], { PONS_DATA: folder.path, PONS_DATABASE_URL: "postgres://ann:hush@127.0.0.1:1/pons" });
    expect(ended).toMatchObject({ code: 69, out: "" });
    expect(ended.err).toContain("postgres://ann@127.0.0.1:1/pons");
    expect(ended.err).not.toContain("hush");
  });

  test.each([
    ["a module that is not there", "nothing.ts", undefined, "there is no such file or folder"],
    ["a module that does not parse", "broken.ts", "export default {", "does not load"],
    ["a module without a service", "empty.ts", "export default 1", "the default export has to be a service"],
    [
      "a definition that does not fit",
      "wrong.ts",
      `import { service } from "pons"; export default service("Wrong Name", { doc: "", version: "v1", roles: {}, resources: [] });`,
      "does not fit",
    ],
  ])("%s", async (_, name, content, told) => {
    using folder = new TemporaryFolder();
    if (content !== undefined) writeFileSync(folder.at(name), content);
    const ended = await pons(["start", "--services", folder.at(name)], { PONS_DATA: folder.at("data"), PONS_PORT: "0" });
    expect(ended).toMatchObject({ code: 65, out: "" });
    expect(ended.err).toContain(told);
    expect(ended.err).not.toContain("    at ");
  });
});
