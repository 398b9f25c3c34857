/**
 * The documents as they are served, and the reference in a real browser: it starts without a word from anywhere else and under its policy, and a
 * call that is tried with the demo key succeeds. The browser is Debian's Chromium, or what PONS_TEST_CHROMIUM names.
 */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { documents } from "../../src/contract/docs/index.ts";
import type { DocumentHandler } from "../../src/contract/docs/index.ts";
import { testDatabases } from "../postgres/index.ts";
import { openShop, type Shop } from "../rest/shop.ts";
import { toolsFolder } from "./tools/install.ts";

setDefaultTimeout(240_000);

const [sqlite] = testDatabases();
if (sqlite === undefined) throw new Error("there is no test database");

/** The shop with its documents; the key is known only once it is open. */
const openDocumented = async (): Promise<Shop> => {
  const mounted = new Map<string, DocumentHandler>();
  const shop = await openShop(await sqlite.create(), { documents: mounted, baseDomain: "example.test" });
  for (const contract of shop.app.contracts.values()) {
    for (const [path, handler] of documents(contract, { demoKey: shop.keys.clerk })) mounted.set(path, handler);
  }
  return shop;
};

describe("served", () => {
  test("OpenAPI in 3.1 and 3.2, with a tag that is honoured, compressed where that is taken", async () => {
    await using shop = await openDocumented();
    const plain = await shop.ask("GET", "/openapi.json", { as: "nobody", headers: { "accept-encoding": "identity" } });
    expect(plain.status).toBe(200);
    expect(plain.headers.get("content-type")).toBe("application/json");
    expect(plain.body).toMatchObject({ openapi: "3.1.2", servers: [{ url: "/shop/v2" }] });
    expect((await shop.ask("GET", "/openapi.json?spec=3.2", { as: "nobody" })).body).toMatchObject({ openapi: "3.2.0" });
    expect((await shop.ask("GET", "/shop/v1/openapi.json", { as: "nobody" })).body).toMatchObject({ info: { version: "v1" } });
    const tag = plain.headers.get("etag") ?? "";
    expect(tag).toMatch(/^"[0-9a-f]+"$/);
    const again = await shop.ask("GET", "/openapi.json", { as: "nobody", headers: { "if-none-match": tag } });
    expect([again.status, again.text]).toEqual([304, ""]);
    const packed = await shop.ask("GET", "/openapi.json", { as: "nobody", headers: { "accept-encoding": "gzip" } });
    expect(packed.headers.get("content-encoding")).toBe("gzip");
    expect(packed.headers.get("etag")).toBe(tag.replace(/"$/, '-gzip"'));
    expect(packed.text).toBe(plain.text);
    const head = await shop.ask("HEAD", "/openapi.json", { as: "nobody", headers: { "accept-encoding": "identity" } });
    expect([head.status, head.text, head.headers.get("content-length")]).toEqual([200, "", String(plain.bytes.length)]);
    expect((await shop.ask("POST", "/openapi.json", { as: "nobody", body: {} })).status).toBe(405);
    const unknown = await shop.ask("GET", "/openapi.json?spec=9", { as: "nobody" });
    expect([unknown.status, unknown.body.error.type, Object.keys(unknown.body.data as object)]).toEqual([
      422,
      "validation_failed",
      ["spec"],
    ]);
  });

  test("a version under a host of its own names that host as its server", async () => {
    await using shop = await openDocumented();
    const answered = await fetch(`${shop.origin}/openapi.json`, { headers: { host: "v2.shop.example.test" } });
    expect(await answered.json()).toMatchObject({ servers: [{ url: "/" }] });
  });

  test("the page, its policy and every file it loads", async () => {
    await using shop = await openDocumented();
    const page = await shop.ask("GET", "/docs", { as: "nobody" });
    expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(page.headers.get("content-security-policy")).toContain("default-src 'none'; script-src 'self'; style-src 'self';");
    expect(page.text).not.toMatch(/<script>|<style>|https?:\/\/| on[a-z]+="/);
    const files = [...page.text.matchAll(/(?:src|href)="(docs\/[^"]+)"/g)].map(([, file]) => file ?? "");
    expect(files).toHaveLength(5);
    for (const file of files) expect((await shop.ask("GET", `/${file}`, { as: "nobody" })).status, file).toBe(200);
    expect((await shop.ask("GET", "/docs/package.json", { as: "nobody" })).status).toBe(404);
  });

  test("without a demo key the page has none and says what to do", async () => {
    await using shop = await openDocumented();
    const [contract] = shop.app.contracts.values();
    if (contract === undefined) throw new Error("no contract");
    const page = documents(contract).get("/shop/v2/docs")?.(new Request("http://127.0.0.1/shop/v2/docs"));
    const text = (await page?.text()) ?? "";
    expect(text).toContain("paste an API key");
    expect(text).not.toContain("data-key");
    expect(text).not.toContain("pons_");
  });
});

interface Browser {
  newPage(): Promise<Page>;
  close(): Promise<void>;
}
interface Page {
  on(event: "request", told: (request: { url(): string }) => void): void;
  on(event: "console", told: (message: { type(): string; text(): string }) => void): void;
  on(event: "pageerror", told: (error: unknown) => void): void;
  goto(url: string): Promise<unknown>;
  waitForSelector(selector: string): Promise<unknown>;
  click(selector: string): Promise<void>;
  textContent(selector: string): Promise<string | null>;
  screenshot(options: { path: string }): Promise<unknown>;
}

const chromium = process.env["PONS_TEST_CHROMIUM"] ?? "/usr/bin/chromium";

// A machine without Chromium cannot show the page; the run then counts this as skipped.
test.skipIf(!existsSync(chromium))("the reference renders offline and a call is tried with the demo key", async () => {
  const tools = await toolsFolder();
  const playwright = (await import(join(tools, "node_modules/playwright-core/index.mjs"))) as {
    chromium: { launch(options: object): Promise<Browser> };
  };
  await using shop = await openDocumented();
  const browser = await playwright.chromium.launch({ executablePath: chromium, args: ["--no-sandbox"] });
  try {
    const page = await browser.newPage();
    const elsewhere: string[] = [];
    const errors: string[] = [];
    page.on("request", (request) => {
      if (!request.url().startsWith(`${shop.origin}/`) && !request.url().startsWith("data:")) elsewhere.push(request.url());
    });
    page.on("console", (message) => {
      if (message.type() === "error") errors.push(message.text());
    });
    page.on("pageerror", (error) => void errors.push(String(error)));
    await page.goto(`${shop.origin}/shop/v2/docs`);
    await page.waitForSelector("#reference[data-ready]");
    await page.click('.opblock-tag[data-tag="products"]');
    const list = "#operations-products-products_list";
    await page.click(`${list} .opblock-summary`);
    await page.click(`${list} .execute`);
    const response = `${list} .live-responses-table .response`;
    await page.waitForSelector(`${response} .response-col_status`);
    expect((await page.textContent(`${response} .response-col_status`))?.trim()).toBe("200");
    expect(await page.textContent(`${response} .response-col_description`)).toContain(shop.ids.pen);
    const shown = process.env["PONS_TEST_SCREENSHOT"];
    if (shown !== undefined) await page.screenshot({ path: shown });
    expect(elsewhere).toEqual([]);
    expect(errors).toEqual([]);
  } finally {
    await browser.close();
  }
});
