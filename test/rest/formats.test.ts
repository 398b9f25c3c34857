/** WIRE.md, "Formats": negotiation, every format out and in, streams, compression, limits of bodies. On both engines. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connect } from "node:net";
import { brotliDecompressSync, gunzipSync, gzipSync, zstdDecompressSync } from "node:zlib";
import { parseCsv } from "../../src/channels/rest/formats/csv-parse.ts";
import { parseMsgpack, stringifyMsgpack } from "../../src/channels/rest/formats/msgpack.ts";
import { parseNdjson } from "../../src/channels/rest/formats/ndjson.ts";
import { parseXml } from "../../src/channels/rest/formats/xml.ts";
import { parseYaml } from "../../src/channels/rest/formats/yaml.ts";
import { decode } from "@msgpack/msgpack";
import { testDatabases } from "../postgres/index.ts";
import { play } from "./scenario.ts";
import type { Scenario } from "./scenario.ts";
import { openShop } from "./shop.ts";
import type { Shop } from "./shop.ts";

const xml = (text: string) => ({ headers: { "content-type": "application/xml" }, body: text });
const typed = (type: string, body: string) => ({ headers: { "content-type": type }, body });
const bomb = gzipSync(Buffer.alloc(20 * 1024 * 1024, 0x20));

const scenarios: readonly Scenario[] = [
  { name: "no Accept is JSON", ask: "GET /products/{pen}", status: 200, answers: { "content-type": "application/json" } },
  {
    name: "XML by Accept",
    ask: "GET /products/{pen}",
    headers: { accept: "application/xml" },
    status: 200,
    answers: { "content-type": "application/xml; charset=utf-8" },
    contains: ["<response>", "<success>true</success>", "<name>Pen</name>", "<tags><item>blue</item>"],
  },
  {
    name: "YAML by Accept",
    ask: "GET /products/{pen}",
    headers: { accept: "application/yaml" },
    status: 200,
    answers: { "content-type": "application/yaml" },
    contains: ["name: Pen"],
  },
  {
    name: "MessagePack by Accept",
    ask: "GET /products/{pen}",
    headers: { accept: "application/msgpack" },
    status: 200,
    answers: { "content-type": "application/msgpack" },
  },
  {
    name: "CSV of a list",
    ask: "GET /products?perPage=2&sortBy=name",
    headers: { accept: "text/csv" },
    status: 200,
    answers: { "content-type": /^content-type: text\/csv/, "x-total-count": "3", link: /rel="next"/ },
    contains: ["Ink"],
    lacks: ["success"],
  },
  {
    name: "weights decide",
    ask: "GET /products/{pen}",
    headers: { accept: "application/json;q=0.5, application/xml;q=0.9, */*;q=0.1" },
    status: 200,
    answers: { "content-type": /xml/ },
  },
  {
    name: "a wildcard is JSON",
    ask: "GET /products/{pen}",
    headers: { accept: "text/html, */*;q=0.1" },
    status: 200,
    answers: { "content-type": "application/json" },
  },
  {
    name: "nothing acceptable is 406",
    ask: "GET /products/{pen}",
    headers: { accept: "text/html" },
    status: 406,
    json: { error: { code: 406, type: "not_acceptable" } },
  },
  { name: "CSV of one thing is 406", ask: "GET /products/{pen}", headers: { accept: "text/csv" }, status: 406 },
  {
    name: "406 comes before anything is changed",
    ask: "POST /roles",
    body: { name: "unacceptable" },
    headers: { accept: "image/png" },
    status: 406,
  },
  { name: "nothing was changed", ask: "GET /roles?name=unacceptable", status: 200, json: { data: [] } },
  { name: "by extension of a collection", ask: "GET /products.xml", status: 200, answers: { "content-type": /xml/ } },
  {
    name: "by extension of an item",
    ask: "GET /products/{pen}.yaml",
    status: 200,
    answers: { "content-type": "application/yaml" },
  },
  { name: "by extension of a property", ask: "GET /products/{pen}/name.xml", status: 200, contains: ["<data>Pen</data>"] },
  {
    name: "an extension is stronger than Accept",
    ask: "GET /products/{pen}.json",
    headers: { accept: "application/xml" },
    status: 200,
    answers: { "content-type": "application/json" },
  },
  { name: "CSV by extension of one thing is 406", ask: "GET /products/{pen}.csv", status: 406 },
  { name: "an unknown extension is part of the name", ask: "GET /products.exe", status: 404 },
  {
    name: "refusals have the format too",
    ask: "GET /products/nothing",
    headers: { accept: "application/xml" },
    status: 404,
    answers: { "content-type": /xml/ },
    contains: ["<code>404</code>", "<type>not_found</type>"],
  },
  {
    name: "refusals of lists that were asked for as CSV are JSON",
    ask: "GET /products?nothing=1",
    headers: { accept: "text/csv" },
    status: 422,
    answers: { "content-type": "application/json" },
  },

  {
    name: "a body in XML: numbers and lists by the fields",
    ask: "POST /products",
    ...xml(
      "<request><name>Xm</name><price>12</price><stock>3</stock><tags>one</tags><size><width>1</width><height>2</height></size></request>",
    ),
    status: 201,
    json: { data: { price: 12, stock: 3, tags: ["one"], size: { width: 1, height: 2, note: null } } },
  },
  {
    name: "a body in XML with a document type is 400",
    ask: "POST /products",
    ...xml('<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><request><name>&x;</name></request>'),
    status: 400,
    json: { error: { type: "invalid_body", details: { reason: "invalid_xml" } } },
    lacks: ["root:"],
  },
  {
    name: "a body in YAML",
    ask: "POST /products",
    ...typed("application/yaml", "name: Ya\nprice: 12\ntags: [a]\n"),
    status: 201,
    json: { data: { name: "Ya", price: 12, tags: ["a"] } },
  },
  {
    name: "an alias bomb in YAML is 400",
    ask: "POST /products",
    ...typed(
      "application/yaml",
      `a: &a [x,x,x,x,x,x,x,x,x]\n${"bcdefgh"
        .split("")
        .map((name, index) => `${name}: &${name} [${Array(9).fill(`*${"abcdefg"[index]}`).join(",")}]`)
        .join("\n")}\n`,
    ),
    status: 400,
  },
  { name: "a CSV body for one thing is 415", ask: "PATCH /products/{pen}", ...typed("text/csv", "stock\n1\n"), status: 415 },
  {
    name: "money beyond 2^53 goes in and out exactly",
    ask: "POST /products",
    ...typed("application/json", '{"name":"Big","price":9007199254740993}'),
    status: 201,
    contains: ['"price":"9007199254740993"'],
  },
  {
    name: "money as a string too",
    ask: "POST /products",
    body: { name: "Big2", price: "9223372036854775807" },
    status: 201,
    contains: ['"price":"9223372036854775807"'],
  },
  {
    name: "an integer beyond its type is 422",
    ask: "POST /products",
    ...typed("application/json", '{"name":"x","price":9223372036854775808}'),
    status: 422,
    json: { data: { price: [expect.any(String)] } },
  },
  {
    name: "an unknown type of body is 415 and says which",
    ask: "POST /products",
    ...typed("image/png", "x"),
    status: 415,
    json: { error: { type: "unsupported_media_type" } },
    answers: { "accept-post": /application\/json/ },
  },
  {
    name: "415 of PATCH says which",
    ask: "PATCH /products/{pen}",
    ...typed("text/plain", "{}"),
    status: 415,
    answers: { "accept-patch": /application\/merge-patch\+json/ },
  },
  {
    name: "a form is no body",
    ask: "POST /products",
    ...typed("application/x-www-form-urlencoded", "name=x&price=1"),
    status: 415,
  },
  { name: "another charset is 415", ask: "POST /products", ...typed("application/json; charset=latin1", "{}"), status: 415 },
  { name: "a merge patch is for PATCH", ask: "POST /products", ...typed("application/merge-patch+json", "{}"), status: 415 },
  { name: "a missing body is 400", ask: "POST /products", status: 400, json: { error: { type: "invalid_body" } } },
  {
    name: "malformed JSON is 400 and says where",
    ask: "POST /products",
    ...typed("application/json", '{"name": }'),
    status: 400,
    json: {
      error: {
        code: 400,
        type: "invalid_body",
        details: { reason: "invalid_json", at: { line: 1, column: expect.any(Number) } },
      },
    },
  },
  {
    name: "a key twice is 400",
    ask: "POST /products",
    ...typed("application/json", '{"name":"a","name":"b"}'),
    status: 400,
    json: { error: { type: "duplicate_key" } },
  },
  {
    name: "a depth bomb is 400",
    ask: "POST /products",
    ...typed("application/json", "[".repeat(100_000)),
    status: 400,
    json: { error: { type: "too_deep" } },
  },
  {
    name: "invalid UTF-8 is 400",
    ask: "POST /products",
    headers: { "content-type": "application/json" },
    body: new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]),
    status: 400,
    json: { error: { type: "invalid_encoding" } },
  },
  {
    name: "a prototype as a key is 400",
    ask: "POST /products",
    ...typed("application/json", '{"__proto__":{"price":1}}'),
    status: 400,
  },
  {
    name: "a constructor as a key is an unknown field",
    ask: "POST /products",
    ...typed("application/json", '{"name":"x","price":1,"constructor":{"prototype":{"a":1}}}'),
    status: 422,
    json: { error: { type: "validation_failed" } },
  },
  {
    name: "a body over the limit is 413",
    ask: "PATCH /products/{pen}",
    ...typed("application/json", `{"name":"${"x".repeat(1024 * 1024)}"}`),
    status: 413,
    json: { error: { code: 413, type: "too_large" } },
  },
  {
    name: "a compressed body",
    ask: "POST /products",
    headers: { "content-type": "application/json", "content-encoding": "gzip" },
    body: gzipSync('{"name":"Zip","price":1}'),
    status: 201,
  },
  {
    name: "a compressed bomb is 413",
    ask: "POST /products",
    headers: { "content-type": "application/json", "content-encoding": "gzip" },
    body: bomb,
    status: 413,
  },
  {
    name: "a corrupt compressed body is 400",
    ask: "POST /products",
    headers: { "content-type": "application/json", "content-encoding": "gzip" },
    body: "not gzip",
    status: 400,
  },
  {
    name: "an unknown coding is 415",
    ask: "POST /products",
    headers: { "content-type": "application/json", "content-encoding": "rot13" },
    body: "x",
    status: 415,
  },
];

describe.each(testDatabases())("$engine", ({ create }) => {
  let shop: Shop;
  beforeAll(async () => {
    shop = await openShop(await create());
  });
  afterAll(() => shop[Symbol.asyncDispose]());

  test("every format says the same of an item and of a list", async () => {
    for (const path of [`/products/${shop.ids.mug}`, "/products?perPage=2&sortBy=name"]) {
      const { body } = await shop.ask("GET", path);
      const as = async (accept: string) => (await shop.ask("GET", path, { headers: { accept } })).bytes;
      expect(parseYaml(await as("application/yaml"))).toEqual(body);
      expect(parseMsgpack(await as("application/msgpack"))).toEqual(body);
      // XML has no types: compared as text.
      const texts = (value: unknown): unknown =>
        Array.isArray(value)
          ? value.map(texts)
          : typeof value === "object" && value !== null
            ? Object.fromEntries(Object.entries(value).map(([name, item]) => [name, texts(item)]))
            : value === null
              ? null
              : typeof value === "string"
                ? value
                : JSON.stringify(value);
      expect(parseXml(await as("application/xml"))).toEqual(texts(body) as never);
    }
  });

  test.each([...scenarios])("$name", async (scenario) => {
    await play(shop, scenario);
  });

  test("a body in MessagePack", async () => {
    const body = stringifyMsgpack({ name: "Mp", price: 9007199254740993n, tags: ["a"] });
    const answered = await shop.ask("POST", "/products", { headers: { "content-type": "application/msgpack" }, body });
    expect([answered.status, answered.body.data]).toMatchObject([201, { name: "Mp", price: "9007199254740993", tags: ["a"] }]);
  });

  test("a refusal that names what readers of MessagePack refuse as a key can be read", async () => {
    for (const name of ["__proto__", "a.__proto__", "__proto__%3E", "__proto__[gte]"]) {
      const answered = await shop.ask("PATCH", `/products/${shop.ids.pen}.msgpack?${name}=1`, { body: {} });
      expect([name, answered.status]).toEqual([name, 422]);
      expect(decode(answered.bytes)).toMatchObject({ success: false, error: { code: 422 } });
    }
  });

  describe("streams", () => {
    const count = 2500;
    beforeAll(async () => {
      for (let from = 0; from < count; from += 500) {
        await shop.ask("POST", "/notes", {
          body: Array.from({ length: 500 }, (_, index) => ({ text: `=note, "${from + index}"` })),
        });
      }
    });

    test("NDJSON gives the whole list, without a total", async () => {
      const answered = await shop.ask("GET", "/notes?sortBy=id", { headers: { accept: "application/x-ndjson" } });
      expect(answered.headers.get("content-type")).toBe("application/x-ndjson");
      const rows = parseNdjson(answered.bytes) as { text: string }[];
      expect(rows.map(({ text }) => text)).toEqual(Array.from({ length: count }, (_, index) => `=note, "${index}"`));
    });

    test("CSV gives the whole list, with a header line and formulas disarmed", async () => {
      const answered = await shop.ask("GET", "/notes.csv?sortBy=id");
      expect(answered.text.slice(0, 200)).toStartWith("id,text\r\n");
      expect(answered.text).toContain('"\'=note, ""7"""');
      expect((parseCsv(answered.bytes) as { text: string }[]).length).toBe(count);
    });

    test("a page of it is a page", async () => {
      const answered = await shop.ask("GET", "/notes.ndjson?perPage=3&page=2&sortBy=id");
      expect((parseNdjson(answered.bytes) as { text: string }[]).map(({ text }) => text)).toEqual([
        '=note, "3"',
        '=note, "4"',
        '=note, "5"',
      ]);
      expect(answered.headers.get("x-total-count")).toBe(String(count));
    });

    test("objects and JSON stand in columns of their own, whatever the first row has", async () => {
      const answered = await shop.ask("GET", "/products.csv?sortBy=price");
      expect(answered.text.split("\r\n")[0]).toContain("size.width,size.height,size.note,extra");
      expect(answered.text).toContain('"{""colour"":""red"",""deep"":{""a"":1}}"');
    });

    test("compressed", async () => {
      const response = await fetch(`${shop.origin}/shop/v2/notes.ndjson`, {
        headers: { authorization: `Bearer ${shop.keys.clerk}`, "accept-encoding": "gzip" },
        decompress: false,
      });
      expect(response.headers.get("content-encoding")).toBe("gzip");
      const text = gunzipSync(await response.bytes()).toString();
      expect(text.split("\n").length).toBe(count + 1);
    });

    test("a refusal comes before the first row, HEAD without any", async () => {
      expect((await shop.ask("GET", "/notes.ndjson", { as: "nobody" })).status).toBe(401);
      expect((await shop.ask("GET", "/notes.ndjson", { as: "ann" })).status).toBe(403);
      expect((await shop.ask("GET", "/notes.ndjson?nothing=1")).status).toBe(422);
      const head = await shop.ask("HEAD", "/notes.ndjson");
      expect([head.status, head.text, head.headers.get("content-type")]).toEqual([200, "", "application/x-ndjson"]);
    });

    test("a client that leaves ends the scan, and the server goes on", async () => {
      for (let round = 0; round < 5; round++) {
        const { promise, resolve } = Promise.withResolvers<void>();
        const socket = connect(Number(new URL(shop.origin).port), "127.0.0.1", () => {
          socket.write(`GET /shop/v2/notes.ndjson HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${shop.keys.clerk}\r\n\r\n`);
        });
        socket.once("data", () => socket.destroy());
        socket.once("close", () => resolve());
        await promise;
      }
      expect((await shop.ask("GET", "/notes/count")).status).toBe(200);
    });
  });

  describe("compression", () => {
    const big = (coding: string, path = "/notes?perPage=100") =>
      fetch(`${shop.origin}/shop/v2${path}`, {
        headers: { authorization: `Bearer ${shop.keys.clerk}`, "accept-encoding": coding },
        decompress: false,
      });

    test.each([
      ["gzip", gunzipSync],
      ["br", brotliDecompressSync],
      ["zstd", zstdDecompressSync],
    ] as const)("%s of a page", async (coding, decompress) => {
      const response = await big(coding);
      const plain = await big("identity");
      expect(response.headers.get("content-encoding")).toBe(coding);
      expect(response.headers.get("etag")).toBe(`${plain.headers.get("etag")?.slice(0, -1)}-${coding}"`);
      expect(decompress(await response.bytes()).toString()).toBe(await plain.text());
      const again = await fetch(`${shop.origin}/shop/v2/notes?perPage=100`, {
        headers: {
          authorization: `Bearer ${shop.keys.clerk}`,
          "accept-encoding": coding,
          "if-none-match": response.headers.get("etag") ?? "",
        },
      });
      expect(again.status).toBe(304);
    });

    test("not of what is small", async () => {
      expect((await big("gzip", `/products/${shop.ids.pen}`)).headers.get("content-encoding")).toBeNull();
    });
  });

  test("a chunked body is bounded while it comes", async () => {
    const chunk = new Uint8Array(256 * 1024).fill(0x20);
    let sent = 0;
    const body = new ReadableStream({
      pull(controller) {
        if (++sent > 200) controller.close();
        else controller.enqueue(chunk);
      },
    });
    const response = await fetch(`${shop.origin}/shop/v2/products/${shop.ids.pen}`, {
      method: "PATCH",
      headers: { authorization: `Bearer ${shop.keys.clerk}`, "content-type": "application/json" },
      body,
    });
    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({ error: { type: "too_large" } });
  });

  test("a chunked body within the bounds is read", async () => {
    const body = new ReadableStream({
      start(controller) {
        for (const part of ['{"name":"Chu', 'nked","price"', ":5}"]) controller.enqueue(new TextEncoder().encode(part));
        controller.close();
      },
    });
    const response = await fetch(`${shop.origin}/shop/v2/products`, {
      method: "POST",
      headers: { authorization: `Bearer ${shop.keys.clerk}`, "content-type": "application/json" },
      body,
    });
    expect(response.status).toBe(201);
  });

  test("nothing of ours went wrong", () => expect(shop.failures).toEqual([]));
});
