/**
 * A page of another origin calls through connect-web in a real browser: Debian's Chromium, or what PONS_TEST_CHROMIUM names. A policy lets the page's origin call;
 * another page is let nothing.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testDatabases } from "../postgres/index.ts";
import { type Bazaar, openBazaar } from "./bazaar.ts";

const answerMsMax = 40_000;
const chromium = process.env["PONS_TEST_CHROMIUM"] ?? "/usr/bin/chromium";
// Left out where there is no browser; its name says so.
const browserTest = existsSync(chromium) ? test : test.skip;
const note = existsSync(chromium) ? "" : ` (needs ${chromium}; on Debian: apt-get install -y chromium)`;

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

/** Shows the page, and waits for what it tells. */
const shown = async (
  given: object,
): Promise<{ readonly origin: string; readonly told: Promise<unknown>; close(): Promise<void> }> => {
  const built = await Bun.build({ entrypoints: [join(import.meta.dir, "page.ts")], target: "browser", minify: true });
  const [script] = built.outputs;
  if (script === undefined) throw new Error("the page has no script");
  const text = await script.text();
  const told = Promise.withResolvers<unknown>();
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      switch (new URL(request.url).pathname) {
        case "/":
          return new Response('<!doctype html><title>page</title><script type="module" src="/page.js"></script>', {
            headers: { "Content-Type": "text/html" },
          });
        case "/page.js":
          return new Response(text, { headers: { "Content-Type": "text/javascript" } });
        case "/given":
          return Response.json(given);
        case "/told":
          told.resolve(await request.json());
          return new Response();
        default:
          return new Response(null, { status: 404 });
      }
    },
  });
  const profile = mkdtempSync(join(tmpdir(), "pons-chromium-"));
  let browser: Bun.Subprocess | undefined;
  return {
    origin: server.url.origin,
    get told() {
      browser ??= Bun.spawn([chromium, ...flags, `--user-data-dir=${profile}`, server.url.href], {
        stdout: "ignore",
        stderr: "ignore",
      });
      return Promise.race([told.promise, Bun.sleep(answerMsMax).then(() => "the page told nothing")]);
    },
    async close() {
      browser?.kill();
      await browser?.exited;
      await server.stop(true);
      rmSync(profile, { recursive: true, force: true });
    },
  };
};

for (const { engine, create } of testDatabases().filter((database) => database.engine === "sqlite")) {
  describe(engine, () => {
    let bazaar: Bazaar;
    beforeAll(async () => (bazaar = await openBazaar(await create())));
    afterAll(async () => {
      expect(bazaar.plane.errors).toEqual([]);
      await bazaar[Symbol.asyncDispose]();
    });

    const given = (): object => ({
      origin: bazaar.origin,
      key: bazaar.seller,
      stall: bazaar.stall,
      descriptors: bazaar.proto().descriptorSet().toBase64(),
    });

    browserTest(
      `SECURITY 61: a page of an origin that a policy names calls over Connect and gRPC-Web${note}`,
      async () => {
        const page = await shown(given());
        try {
          await bazaar.plane.policy("cors", { origins: [page.origin], allowCredentials: false, maxAgeSeconds: 600 });
          await Bun.sleep(300);
          const expected = {
            price: "9007199254740993",
            isWhole: true,
            refused: [3, expect.stringMatching(/^Validation failed: The \w+ must/), 4],
          };
          expect(await page.told).toEqual({
            connect: { ...expected, requestId: "page-connect" },
            json: { ...expected, requestId: "page-json" },
            get: { ...expected, requestId: "page-get" },
            grpcWeb: { ...expected, requestId: "page-grpcWeb" },
          });
        } finally {
          await page.close();
        }
      },
      answerMsMax + 20_000,
    );

    browserTest(
      `SECURITY 61: a page of another origin learns nothing${note}`,
      async () => {
        const page = await shown(given());
        try {
          expect(await page.told).toMatch(/Failed to fetch|NetworkError/);
        } finally {
          await page.close();
        }
      },
      answerMsMax + 20_000,
    );
  });
}
