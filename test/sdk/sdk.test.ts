/** Generated clients: typed, and the same in Node, Bun and a browser. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../host/server.ts";
import { pons } from "../host/server.ts";
import { TemporaryFolder } from "../host/temporary-folder.ts";
import { openPlane, type Plane } from "../manage/plane.ts";
import { testDatabases } from "../postgres/index.ts";
import bazaar from "../channels/bazaar.ts";
import { Cutter } from "./cutter.ts";

const minute = 60_000;
const chromium = ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find((path) => existsSync(path));

const expected = {
  created: ["9007199254740993", "2026-02-03T04:05:06.000Z", 1],
  changed: 4,
  quoted: "9007199254740993",
  refused: [true, "out_of_stock", 409, "Es sind nur noch 4 da.", 4],
  invalid: ["validation_failed", ["name"]],
  page: [[7, 6, 5, 4], 6, expect.any(String)],
  named: 1,
  all: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
  count: 13,
  once: [true, [true]],
  retried: [1, 3, 1],
  batch: [true, false],
  events: [
    ["bazaar.wares.sold", 3],
    ["bazaar.wares.sold", 2],
  ],
  resumed: Array.from({ length: 16 }, (_, at) => at),
  connections: true,
  signed: [true, true],
  gone: "not_found",
};

const tsconfig = {
  compilerOptions: {
    strict: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
    skipLibCheck: false,
    target: "es2022",
    module: "esnext",
    moduleResolution: "bundler",
    lib: ["es2023", "dom", "dom.iterable", "dom.asynciterable"],
    types: [],
  },
  include: ["*.ts"],
};

const output = async (command: readonly string[], cwd = root): Promise<{ code: number; out: string; err: string }> => {
  const child = Bun.spawn([...command], { cwd, stdout: "pipe", stderr: "pipe" });
  const [out, err, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { code, out, err };
};

const checkTypes = async (folder: string): Promise<string> => {
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(tsconfig));
  const { code, out, err } = await output([process.execPath, "check", "--no-script"], folder);
  return code === 0 ? "" : `${out}${err}`;
};

describe("pons sdk", () => {
  using folder = new TemporaryFolder();
  const client = folder.at("bazaar-client");
  let plane: Plane;
  let cutter: Cutter;
  let key = "";

  beforeAll(async () => {
    const [database] = testDatabases();
    if (database === undefined) throw new Error("no engine");
    plane = await openPlane(await database.create(), { service: bazaar });
    key = (await plane.app({}, ["seller"])).key;
    cutter = await Cutter.before(Number(new URL(plane.nodes[0]?.origin ?? "").port));
    const service = join(root, "test", "channels", "bazaar.ts");
    const { code, err } = await pons(["sdk", "bazaar", "--services", service, "--out", client]);
    expect([code, err]).toEqual([0, ""]);
  }, minute);
  afterAll(async () => {
    await cutter[Symbol.asyncDispose]();
    await plane[Symbol.asyncDispose]();
  });

  test("writes a package that depends on nothing", () => {
    const manifest = JSON.parse(readFileSync(join(client, "package.json"), "utf8")) as Record<string, unknown>;
    expect(manifest).toMatchObject({ name: "bazaar-client", type: "module" });
    expect(manifest["dependencies"]).toBeUndefined();
    for (const file of ["index.js", "api.js", "signer.js"])
      for (const [, from = ""] of readFileSync(join(client, file), "utf8").matchAll(/^(?:import|export).* from "([^"]+)"/gm))
        expect(existsSync(join(client, from))).toBe(true);
  });

  test("its types say what fits and what does not", async () => {
    writeFileSync(join(client, "use.ts"), readFileSync(join(import.meta.dir, "typed.txt"), "utf8"));
    expect(await checkTypes(client)).toBe("");
  });

  test.each([
    ["bank", "v2"],
    ["bank", "v1"],
    ["delivery", "v1"],
    ["platform", "v1"],
  ])("a client of %s %s has no type error", async (service, version) => {
    const own = folder.at(`${service}-${version}`);
    expect((await pons(["sdk", service, "--version", version, "--out", own])).code).toBe(0);
    writeFileSync(join(own, "use.ts"), 'export * from "./index.js";\n');
    expect(await checkTypes(own)).toBe("");
  });

  test("resources may be called as what every client has", async () => {
    const [service, own] = [folder.at("calendar.ts"), folder.at("calendar-client")];
    writeFileSync(service, readFileSync(join(import.meta.dir, "calendar.txt"), "utf8"));
    expect(await pons(["sdk", "calendar", "--services", service, "--out", own])).toMatchObject({ code: 0 });
    writeFileSync(join(own, "use.ts"), readFileSync(join(import.meta.dir, "calendar-use.txt"), "utf8"));
    expect(await checkTypes(own)).toBe("");
    const { createCalendarClient } = (await import(join(own, "index.js"))) as {
      createCalendarClient: (options: object) => {
        events: { (): AsyncIterable<unknown>; list(): Promise<unknown> };
        batch(calls: readonly object[]): Promise<unknown>;
      };
    };
    const paths: string[] = [];
    const calendar = createCalendarClient({
      baseUrl: "http://localhost",
      retries: 0,
      fetch: (request: Request) => {
        paths.push(new URL(request.url).pathname);
        return Promise.resolve(Response.json({ success: false, error: { type: "forbidden", message: "no" } }, { status: 403 }));
      },
    });
    const refused = async (): Promise<unknown> => {
      for await (const event of calendar.events()) return event;
      return undefined;
    };
    const wait = [calendar.events.list(), refused(), calendar.batch([])].map((call) => call.catch(() => undefined));
    await Promise.all(wait);
    expect(paths.toSorted()).toEqual(["/calendar/v1/batch", "/calendar/v1/events", "/calendar/v1/stream"]);
  });

  test.each([
    ["Node", Bun.which("node") ?? "node"],
    ["Bun", process.execPath],
  ])(
    "in %s",
    async (_, program) => {
      const script = join(import.meta.dir, "use.mjs");
      const before = [cutter.cuts, cutter.midway, cutter.silent] as const;
      const { code, out, err } = await output([program, script, client, cutter.origin, key]);
      expect([code, code === 0 ? "" : err]).toEqual([0, ""]);
      expect(JSON.parse(out)).toEqual(expected);
      const [cuts, midway, silent] = [cutter.cuts - before[0], cutter.midway - before[1], cutter.silent - before[2]];
      expect([cuts > 2, midway > 1, silent > 0]).toEqual([true, true, true]);
    },
    minute,
  );

  // The browser is a package of the system: where it is not installed, there is none to try.
  test.skipIf(chromium === undefined)(
    "in a browser",
    async () => {
      const told = Promise.withResolvers<unknown>();
      const origin = plane.nodes[0]?.origin ?? "";
      const page = `<!doctype html><title>client</title><script type="module">
        import { use } from "/use.mjs";
        import * as client from "/client/index.js";
        const answer = await use(client, location.origin, ${JSON.stringify(key)}).catch((error) => ({ error: String(error?.stack ?? error) }));
        await fetch("/told", { method: "POST", body: JSON.stringify(answer) });
      </script>`;
      // One origin, as behind a proxy: the page and the API.
      using server = Bun.serve({
        port: 0,
        hostname: "127.0.0.1",
        idleTimeout: 60,
        async fetch(request) {
          const { pathname, search } = new URL(request.url);
          if (pathname === "/") return new Response(page, { headers: { "Content-Type": "text/html" } });
          if (pathname === "/use.mjs") return new Response(Bun.file(join(import.meta.dir, "use.mjs")));
          if (pathname.startsWith("/client/")) return new Response(Bun.file(join(client, pathname.slice("/client/".length))));
          if (pathname === "/told") {
            told.resolve(await request.json());
            return new Response();
          }
          return fetch(`${origin}${pathname}${search}`, {
            method: request.method,
            headers: request.headers,
            body: request.body,
            decompress: false,
          });
        },
      });
      await using between = await Cutter.before(Number(server.port));
      using profile = new TemporaryFolder();
      const flags = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ];
      const browser = Bun.spawn([chromium ?? "", ...flags, `--user-data-dir=${profile.path}`, between.origin], {
        stdout: "ignore",
        stderr: "ignore",
      });
      try {
        const answer = await Promise.race([told.promise, Bun.sleep(minute / 2).then(() => "the page did not answer")]);
        expect(answer).toEqual(expected);
        expect([between.cuts > 2, between.midway > 1, between.silent > 0]).toEqual([true, true, true]);
      } finally {
        browser.kill();
        await browser.exited;
      }
    },
    minute,
  );
});
