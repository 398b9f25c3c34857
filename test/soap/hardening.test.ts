/** SECURITY 42: XML that means harm is refused at once, with little memory, and nothing is fetched. SECURITY 26, 50: nothing is assigned that is no field. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import shop from "../fixtures/shop.ts";
import { testDatabases } from "../postgres/index.ts";
import { Description, envelopes } from "./description.ts";
import { serve, type Served } from "./served.ts";

const [sqlite] = testDatabases();
const ns = "urn:pons:shop:v2";
const path = "/shop/v2/soap";
const answerMsMax = 200;
const grownBytesMax = 50 * 1024 * 1024;
const canary = "canary-of-a-file-7d1f";

let served: Served;
let description: Description;
let key: string;
let visits = 0;
let server: ReturnType<typeof Bun.serve>;
const file = join(tmpdir(), `pons-soap-canary-${process.pid}`);
beforeAll(async () => {
  served = await serve(await (sqlite as NonNullable<typeof sqlite>).create(), [shop]);
  description = new Description(await (await served.ask(`${path}?wsdl`)).text());
  key = await served.key("clerk");
  server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: () => {
      visits++;
      return new Response("<x/>");
    },
  });
  writeFileSync(file, canary);
});
afterAll(async () => {
  rmSync(file);
  await server.stop(true);
  description[Symbol.dispose]();
  expect(served.errors).toEqual([]);
  await served[Symbol.asyncDispose]();
});

const send = async (body: string): Promise<{ status: number; text: string; type: string }> => {
  const response = await served.ask(path, {
    method: "POST",
    headers: { "content-type": "text/xml; charset=utf-8", authorization: `Bearer ${key}` },
    body,
  });
  const text = await response.text();
  const answered = description.answer(text);
  return { status: response.status, text, type: answered.kind === "fault" ? String(answered.refusal?.type) : "done" };
};

const enveloped = (inside: string, before = ""): string =>
  `<?xml version="1.0"?>${before}<e:Envelope xmlns:e="${envelopes["1.1"]}"><e:Body>${inside}</e:Body></e:Envelope>`;
const list = (inside: string, before = ""): string => enveloped(`<ListProducts xmlns="${ns}">${inside}</ListProducts>`, before);

describe("SECURITY 42", () => {
  const outside = (): string => `http://127.0.0.1:${server.port}/`;
  const laughs = Array.from({ length: 9 }, (_, at) => `<!ENTITY l${at + 1} "${`&l${at};`.repeat(10)}">`).join("");
  const hostile: readonly (readonly [name: string, message: () => string])[] = [
    ["a document type", () => list("", "<!DOCTYPE e>")],
    ["a document type in small letters", () => list("", "<!doctype e>")],
    ["a document type behind a comment and an instruction", () => list("", "<!-- a --><?a b?>\n<!DOCTYPE e []>")],
    ["an entity of a file", () => list("<cursor>&x;</cursor>", `<!DOCTYPE e [<!ENTITY x SYSTEM "file://${file}">]>`)],
    ["an entity of an address", () => list("<cursor>&x;</cursor>", `<!DOCTYPE e [<!ENTITY x SYSTEM "${outside()}">]>`)],
    ["an external subset", () => list("", `<!DOCTYPE e SYSTEM "${outside()}x.dtd">`)],
    ["a parameter entity", () => list("", `<!DOCTYPE e [<!ENTITY % x SYSTEM "${outside()}"> %x;]>`)],
    ["a billion laughs", () => list("<cursor>&l9;</cursor>", `<!DOCTYPE e [<!ENTITY l0 "ha">${laughs}]>`)],
    [
      "quadratic blow-up",
      () => list(`<cursor>${"&a;".repeat(50_000)}</cursor>`, `<!DOCTYPE e [<!ENTITY a "${"a".repeat(50_000)}">]>`),
    ],
    ["an entity without a document type", () => list("<cursor>&x;</cursor>")],
    ["100,000 attributes", () => list(`<cursor ${Array.from({ length: 100_000 }, (_, at) => `a${at}="1"`).join(" ")}/>`)],
    ["100,000 attributes that are one", () => list(`<cursor ${'a="1" '.repeat(100_000)}/>`)],
    ["100,000 namespaces", () => list(`<cursor ${Array.from({ length: 100_000 }, (_, at) => `xmlns:a${at}="u"`).join(" ")}/>`)],
    ["100,000 levels", () => list(`${"<a>".repeat(100_000)}${"</a>".repeat(100_000)}`)],
    ["65 levels", () => list(`${"<include>".repeat(65)}${"</include>".repeat(65)}`)],
    ["500,000 elements", () => list("<fields/>".repeat(200_000))],
    [
      "a namespace at each of many levels",
      () => list(`${Array.from({ length: 60 }, (_, at) => `<a xmlns:n${at}="u">`).join("")}${"</a>".repeat(60)}`),
    ],
    ["tags that never end", () => list("<".repeat(500_000))],
    ["a comment that never ends", () => `<!--${"-".repeat(1_000_000)}`],
    ["a NUL", () => list("<cursor>\0</cursor>")],
    ["XInclude", () => list(`<x:include xmlns:x="http://www.w3.org/2001/XInclude" href="${outside()}" parse="text"/>`)],
    [
      "XInclude of a file in a text",
      () => list(`<cursor><x:include xmlns:x="http://www.w3.org/2001/XInclude" href="file://${file}" parse="text"/></cursor>`),
    ],
  ];
  for (const [name, message] of hostile) {
    test(name, async () => {
      const body = message();
      Bun.gc(true);
      const before = process.memoryUsage.rss();
      // The processor's time: the machine may do other things as well.
      const begun = process.cpuUsage();
      const told = await send(body);
      const { user, system } = process.cpuUsage(begun);
      const took = (user + system) / 1_000;
      expect(["invalid_body", "too_deep", "too_large", "validation_failed"]).toContain(told.type);
      expect([400, 413, 500]).toContain(told.status);
      expect(told.text).not.toContain(canary);
      expect(took).toBeLessThan(answerMsMax);
      expect(process.memoryUsage.rss() - before).toBeLessThan(grownBytesMax);
    });
  }

  test("schemas of elsewhere are not looked at, and nothing above was fetched", async () => {
    const xsi = `xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"`;
    const told = await send(
      enveloped(
        `<CountProducts xmlns="${ns}" ${xsi} xsi:schemaLocation="${ns} ${outside()}x.xsd" xsi:noNamespaceSchemaLocation="${outside()}y.xsd" xsi:type="x:y"/>`,
      ),
    );
    expect(told.type).toBe("done");
    expect(visits).toBe(0);
  });
});

describe("SECURITY 26, 50: only fields are assigned", () => {
  const create = (inside: string): string =>
    enveloped(`<CreateProduct xmlns="${ns}"><name>Pen</name><price>1</price>${inside}</CreateProduct>`);

  test("names of the language are no fields, wherever they stand", async () => {
    for (const name of ["constructor", "prototype", "toString", "hasOwnProperty", "__defineGetter__", "valueOf"]) {
      expect([name, (await send(create(`<${name}><isAdmin>true</isAdmin></${name}>`))).type]).toEqual([
        name,
        "validation_failed",
      ]);
      const inside = await send(create(`<size><width>1</width><height>2</height><${name}>1</${name}></size>`));
      expect([name, inside.type]).toEqual([name, "validation_failed"]);
      expect([name, (await send(list(`<where><${name}>1</${name}></where>`))).type]).toEqual([name, "validation_failed"]);
      expect([name, (await send(list(`<filter><${name}/></filter>`))).type]).toEqual([name, "validation_failed"]);
    }
    for (const inside of ["<__proto__><isAdmin>true</isAdmin></__proto__>", "<size><__proto__/></size>"])
      expect((await send(create(inside))).type).toBe("invalid_body");
    expect((await send(create('<size __proto__="1"/>'))).type).toBe("invalid_body");
    expect(({} as { isAdmin?: unknown }).isAdmin).toBeUndefined();
  });

  test("fields that callers do not write, and attributes, change nothing", async () => {
    for (const inside of [
      "<id>prd_01JGFJJZ0000000000000000ZZ</id>",
      "<createdAt>2020-01-01T00:00:00Z</createdAt>",
      "<version>7</version>",
      "<realm>1</realm>",
      "<tenant>x</tenant>",
    ])
      expect([inside, (await send(create(inside))).type]).toEqual([inside, "validation_failed"]);
    expect((await send(create('<stock version="7">1</stock>'))).type).toBe("invalid_body");
    const made = await send(create(""));
    expect(made.text).toContain("<version>1</version>");
  });
});
