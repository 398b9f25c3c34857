/** SECURITY 49: no path leads to a file of the server, what is exported runs as no formula, and a document is saved under a harmless name and shown by no browser. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { query, t } from "pons";
import bazaar from "../channels/bazaar.ts";
import { drivers } from "../channels/drivers/index.ts";
import { openStand, type Stand } from "../channels/stand.ts";
import { type Heard, headerOf, Wire } from "../fuzz/wire.ts";
import { startServer, type TestServer } from "../host/server.ts";
import { TemporaryFolder } from "../host/temporary-folder.ts";
import { testDatabases } from "../postgres/index.ts";

const minute = 60_000;
const answerMsMax = 5_000;

/** Steps upwards, as they are and in disguise. */
const ups = [
  "../",
  "..%2f",
  "%2e%2e/",
  "%2e%2e%2f",
  ".%2e/",
  "..\\",
  "..%5c",
  "%252e%252e%252f",
  "..;/",
  "....//",
  "..%c0%af",
  "%c0%ae%c0%ae/",
  "..%00/",
  "/",
  "%2f",
];
const files = ["package.json", "etc/passwd", "src/index.ts", "services/bank/index.ts", "bin/pons.mjs"];
const starts = ["/bank/v2/docs/", "/bank/v2/", "/", "/oauth/", "/.well-known/", "/bank/v2/docs/swagger-ui.css/"];
/** What stands in these files. */
const inside = /"lockfileVersion"|"devDependencies"|root:x:0|^import |export default|#!\/usr/m;

describe("SECURITY 49: paths", () => {
  const folder = new TemporaryFolder();
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer({ data: folder.at("data") });
  }, 2 * minute);
  afterAll(async () => {
    await server.stop();
    folder[Symbol.dispose]();
  });

  const get = async (path: string): Promise<Heard> => {
    const wire = await Wire.open(Number(new URL(server.facts.baseUrl).port));
    wire.send(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    const heard = await wire.hear({ method: "GET", withinMs: answerMsMax });
    wire.close();
    if (typeof heard === "string") throw new Error(`${path}: ${heard}`);
    return heard;
  };

  test(
    "none leads out of what is served",
    async () => {
      for (const start of starts)
        for (const up of ups)
          for (const file of files)
            for (const depth of [1, 4, 9]) {
              const path = `${start}${up.repeat(depth)}${file}`;
              const { status, body } = await get(path);
              expect([path, status >= 300 && status < 500]).toEqual([path, true]);
              const text = Buffer.from(body).toString("latin1");
              expect([path, inside.exec(text)?.[0] ?? "nothing"]).toEqual([path, "nothing"]);
            }
    },
    2 * minute,
  );

  test("what is served there is served", async () => {
    const page = await get("/bank/v2/docs");
    expect(page.status).toBe(200);
    const [, style = ""] = /href="([^"]+\.css)"/.exec(Buffer.from(page.body).toString()) ?? [];
    const answer = await get(`/bank/v2/${style}`);
    expect([answer.status, headerOf(answer, "x-content-type-options")]).toEqual([200, "nosniff"]);
  });
});

const drawing = '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>';
const names: readonly (readonly [given: string, saved: string | RegExp])[] = [
  ["../../etc/passwd", /^[^./\\][^/\\]*$/],
  ["..\\..\\boot.ini", /^[^./\\][^/\\]*$/],
  ['a"; filename="b.exe', /^[^"/\\]+$/],
  ["a\r\nSet-Cookie: x=y.svg", /^[^\r\n]+$/],
  ["\u202Egvs.exe", /^[^\u202E]+$/],
  [".htaccess", /^[^.]/],
  ["x".repeat(5_000), /^.{1,255}$/],
  ["...", /^[^.]/],
  ["plan.svg", "plan.svg"],
];

const service = {
  ...bazaar,
  operations: {
    ...bazaar.operations,
    draw: query({
      doc: "Draws something under one of the names.",
      roles: ["seller"],
      input: { which: t.integer({ min: 0, max: 100 }) },
      output: "document",
      documents: ["image/svg+xml"],
      run: async (ctx, { input }) =>
        ctx.document({ mediaType: "image/svg+xml", filename: names[input.which]?.[0] ?? "none", content: drawing }),
    }),
  },
};

describe("SECURITY 49: files that are made", () => {
  let stand: Stand;
  let key = "";
  beforeAll(async () => {
    const [database] = testDatabases();
    if (database === undefined) throw new Error("there is no database");
    stand = await openStand(await database.create(), { service });
    key = String(stand.keys.get("seller"));
  });
  afterAll(async () => {
    for (const driver of drivers) await driver.close?.();
    expect(stand.plane.errors).toEqual([]);
    await stand[Symbol.asyncDispose]();
  });

  test("no cell of an export is a formula", async () => {
    const formulas = ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "=cmd|' /C calc'!A0", " =1+1", '="x",2', "＝1+1"];
    for (const [at, name] of formulas.entries()) {
      const body = { stall: stand.known.stall, name, price: at, note: `\t${name}` };
      expect((await stand.plane.ask("/bazaar/v2/wares", { key, method: "POST", body })).status).toBe(201);
    }
    const { status, text, headers } = await stand.plane.ask("/bazaar/v2/wares.csv?sortBy=price", { key });
    expect([status, headers.get("x-content-type-options")]).toEqual([200, "nosniff"]);
    const cells = [...text.matchAll(/(?<=^|,)(?:"((?:[^"]|"")*)"|([^",\r\n]*))/gm)].map(
      ([, quoted, plain]) => quoted ?? plain ?? "",
    );
    expect(cells.length).toBeGreaterThan(formulas.length * 5);
    // Negative numbers are numbers.
    expect(cells.filter((cell) => /^\s*[=+\-@＝]/.test(cell) && !/^-?\d+(?:\.\d+)?$/.test(cell))).toEqual([]);
    for (const name of formulas) expect([name, text.replaceAll('""', '"').includes(`'${name}`)]).toEqual([name, true]);
  });

  test("a document is an attachment of its type, under a name that is no path and no header", async () => {
    for (const [which, [given, saved]] of names.entries()) {
      const response = await stand.target.fetch("/bazaar/v2/draw", {
        method: "POST",
        headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
        body: JSON.stringify({ which }),
      });
      const { headers } = response;
      expect([given, response.status, await response.text()]).toEqual([given, 200, drawing]);
      const disposition = headers.get("content-disposition") ?? "";
      expect([given, disposition.startsWith("attachment; filename=")]).toEqual([given, true]);
      expect([headers.get("x-content-type-options"), headers.get("set-cookie")]).toEqual(["nosniff", null]);
      const [, name = ""] = /^attachment; filename="([^"]*)"/.exec(disposition) ?? [];
      if (typeof saved === "string") expect(name).toBe(saved);
      else expect([given, name]).toEqual([given, expect.stringMatching(saved)]);
    }
  });

  for (const driver of drivers.filter(({ name }) => name !== "REST"))
    test(`${driver.name}: the name of a document is as harmless`, async () => {
      for (const [which, [given, saved]] of names.entries()) {
        const asked = { service: "bazaar", operation: "draw", input: { body: { which } }, key };
        if (!driver.can(asked, stand.target)) throw new Error(`${driver.name} has no form for it`);
        const { outcome, data, face } = await driver.ask(stand.target, asked);
        if (outcome !== "done") throw new Error(face);
        const document = data as { readonly filename?: string; readonly document?: { readonly filename?: string } };
        const name = document.filename ?? document.document?.filename ?? "";
        if (typeof saved === "string") expect(name).toBe(saved);
        else expect([given, name]).toEqual([given, expect.stringMatching(saved)]);
      }
    });
});
