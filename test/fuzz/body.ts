/**
 * Bodies as bytes: texts that are no JSON (after JSONTestSuite's n_ cases), and bombs of every format. Each says what must be answered: 400 for what
 * is not well-formed or too deep, 413 for what is too much, 415 for what is another type.
 */
import { brotliCompressSync } from "node:zlib";
import { noJson } from "./no-json.ts";
import type { Headers } from "./target.ts";

export interface Case {
  readonly name: string;
  readonly type: string;
  readonly body: string | Uint8Array;
  readonly headers?: Headers;
  readonly status: number | readonly number[];
  /** Type of the refusal. */
  readonly refusal?: string;
}

const bytes = (...values: readonly (number | string)[]): Uint8Array =>
  Buffer.concat(values.map((value) => (typeof value === "string" ? Buffer.from(value, "latin1") : Buffer.from([value]))));

const times = (text: string, count: number): string => text.repeat(count);
const json = "application/json";

const nestedJson = (depth: number, [open, close]: readonly [string, string]): string => times(open, depth) + times(close, depth);

/** Each is 16 MiB and more when it is decompressed, a few KiB before. */
const bomb = Buffer.alloc(32 * 1024 * 1024, " ");
const bombs: readonly (readonly [coding: string, body: () => Uint8Array])[] = [
  ["gzip", () => Bun.gzipSync(bomb)],
  ["br", () => brotliCompressSync(bomb)],
  ["zstd", () => Bun.zstdCompressSync(bomb)],
];

const billionLaughs = `<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "lol">${Array.from({ length: 9 }, (_, index) => `<!ENTITY ${String.fromCharCode(98 + index)} "${times(`&${String.fromCharCode(97 + index)};`, 10)}">`).join("")}]><request><name>&j;</name></request>`;
const laughingYaml = `a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n${Array.from({ length: 9 }, (_, index) => `a${index + 1}: &a${index + 1} [${Array.from({ length: 10 }, () => `*a${index}`).join(",")}]`).join("\n")}\n`;

/** Of every format, for an address that takes one object. */
export const hostileBodies = (): readonly Case[] => [
  ...noJson.map((body): Case => ({
    name: `no JSON: ${JSON.stringify(body)}`,
    type: json,
    body,
    status: 400,
    refusal: "invalid_body",
  })),
  { name: "JSON of invalid UTF-8", type: json, body: bytes('{"name":"', 0xff, '"}'), status: 400, refusal: "invalid_encoding" },
  {
    name: "JSON with an overlong escape in UTF-8",
    type: json,
    body: bytes('{"name":"', 0xc0, 0xaf, '"}'),
    status: 400,
    refusal: "invalid_encoding",
  },
  {
    name: "JSON with a surrogate in UTF-8",
    type: json,
    body: bytes('{"name":"', 0xed, 0xa0, 0x80, '"}'),
    status: 400,
    refusal: "invalid_encoding",
  },
  {
    name: "JSON cut within a character",
    type: json,
    body: bytes('{"name":"', 0xf0, 0x9f),
    status: 400,
    refusal: "invalid_encoding",
  },
  { name: "JSON in UTF-16", type: json, body: Buffer.from('\ufeff{"name":"x"}', "utf16le"), status: 400 },
  { name: "a duplicate key", type: json, body: '{"name":"a","name":"b"}', status: 400, refusal: "duplicate_key" },
  {
    name: "a duplicate key, once escaped",
    type: json,
    body: '{"name":"a","n\\u0061me":"b"}',
    status: 400,
    refusal: "duplicate_key",
  },
  {
    name: "a duplicate key far below",
    type: json,
    body: '{"name":[[{"a":{"b":1,"c":2,"b":3}}]]}',
    status: 400,
    refusal: "duplicate_key",
  },
  { name: "lists 65 deep", type: json, body: nestedJson(65, ["[", "]"]), status: 400, refusal: "too_deep" },
  { name: "lists 100,000 deep", type: json, body: nestedJson(100_000, ["[", "]"]), status: 400, refusal: "too_deep" },
  {
    name: "objects 100,000 deep",
    type: json,
    body: `${times('{"a":', 100_000)}1${times("}", 100_000)}`,
    status: 400,
    refusal: "too_deep",
  },
  { name: "500,000 open brackets", type: json, body: times("[", 500_000), status: 400 },
  { name: "400,000 numbers", type: json, body: `[${times("1,", 400_000)}1]`, status: 413, refusal: "too_large" },
  {
    name: "100,000 keys",
    type: json,
    body: `{${Array.from({ length: 100_000 }, (_, index) => `"${index}":1`).join(",")}}`,
    status: [413, 422],
  },
  { name: "a number of a million digits", type: json, body: `{"amount":${times("9", 900_000)}}`, status: [400, 422] },
  { name: "a list", type: json, body: "[]", status: [200, 422] },
  { name: "a number", type: json, body: "1", status: 422 },
  { name: "null", type: json, body: "null", status: 422 },
  { name: "a text", type: json, body: '"x"', status: 422 },
  { name: "a BOM before an object", type: json, body: "\ufeff{}", status: [400, 422] },
  { name: "__proto__", type: json, body: '{"__proto__":{"isAdmin":true}}', status: [400, 422] },
  { name: "constructor.prototype", type: json, body: '{"constructor":{"prototype":{"isAdmin":true}}}', status: 422 },
  { name: "XML with a DOCTYPE", type: "application/xml", body: "<!DOCTYPE a><request/>", status: 400, refusal: "invalid_body" },
  {
    name: "XML with a DOCTYPE after a comment",
    type: "application/xml",
    body: '<?xml version="1.0"?><!-- x --> <!DOCTYPE a SYSTEM "http://127.0.0.1:9/x"><request/>',
    status: 400,
  },
  {
    name: "XML with an external entity",
    type: "application/xml",
    body: '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><request><name>&x;</name></request>',
    status: 400,
  },
  {
    name: "XML with a parameter entity",
    type: "application/xml",
    body: '<!DOCTYPE a [<!ENTITY % x SYSTEM "http://127.0.0.1:9/x">%x;]><request/>',
    status: 400,
  },
  { name: "a billion laughs", type: "application/xml", body: billionLaughs, status: 400 },
  {
    name: "XML with an undeclared entity",
    type: "application/xml",
    body: "<request><name>&nope;</name></request>",
    status: [400, 422],
  },
  {
    name: "XML that includes a file",
    type: "application/xml",
    body: '<request xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="file:///etc/hostname" parse="text"/></request>',
    status: [400, 422],
  },
  {
    name: "XML of 100,000 levels",
    type: "application/xml",
    body: times("<a>", 100_000) + times("</a>", 100_000),
    status: 400,
    refusal: "too_deep",
  },
  { name: "100,000 open elements", type: "application/xml", body: times("<a>", 100_000), status: 400 },
  {
    name: "100,000 attributes",
    type: "application/xml",
    body: `<request ${Array.from({ length: 100_000 }, (_, index) => `a${index}=""`).join(" ")}/>`,
    status: [400, 413, 422],
  },
  { name: "one attribute twice", type: "application/xml", body: '<request a="1" a="2"/>', status: [400, 422] },
  {
    name: "XML with a character that is none",
    type: "application/xml",
    body: "<request><name>&#0;</name></request>",
    status: [400, 422],
  },
  {
    name: "XML that is not closed",
    type: "application/xml",
    body: "<request><name></request>",
    status: 400,
    refusal: "invalid_body",
  },
  { name: "XML with two roots", type: "application/xml", body: "<a/><b/>", status: 400 },
  {
    name: "XML of invalid UTF-8",
    type: "application/xml",
    body: bytes("<request><name>", 0xff, "</name></request>"),
    status: 400,
    refusal: "invalid_encoding",
  },
  {
    name: "XML that says it is UTF-16",
    type: "application/xml",
    body: '<?xml version="1.0" encoding="UTF-16"?><request/>',
    status: [400, 415, 422],
  },
  {
    name: "XML that says it is UTF-7",
    type: "application/xml",
    body: '<?xml version="1.0" encoding="UTF-7"?><request>+ADw-a+AD4-</request>',
    status: [400, 415, 422],
  },
  { name: "an open CDATA", type: "application/xml", body: "<request><![CDATA[", status: 400 },
  { name: "laughing YAML", type: "application/yaml", body: laughingYaml, status: [400, 413, 422] },
  { name: "YAML with a tag", type: "application/yaml", body: 'name: !!js/function "function(){}"', status: [400, 422] },
  { name: "YAML that refers to itself", type: "application/yaml", body: "a: &a\n  b: *a\n", status: 400 },
  { name: "YAML with an alias of nothing", type: "application/yaml", body: "a: *nope", status: 400 },
  { name: "YAML 100,000 deep", type: "application/yaml", body: times("[", 100_000), status: 400 },
  {
    name: "YAML that is indented 1,000 deep",
    type: "application/yaml",
    body: Array.from({ length: 1_000 }, (_, index) => `${times(" ", index)}a:`).join("\n"),
    status: 400,
  },
  {
    name: "a duplicate key in YAML",
    type: "application/yaml",
    body: "name: a\nname: b\n",
    status: 400,
    refusal: "duplicate_key",
  },
  { name: "two documents of YAML", type: "application/yaml", body: "a: 1\n---\nb: 2\n", status: [400, 422] },
  { name: "a merge key", type: "application/yaml", body: "a: &a {b: 1}\n<<: *a\n", status: [400, 422] },
  { name: "a complex key", type: "application/yaml", body: "? [a]\n: 1\n", status: [400, 422] },
  {
    name: "MessagePack that ends early",
    type: "application/msgpack",
    body: bytes(0x81, 0xa1, "a"),
    status: 400,
    refusal: "invalid_body",
  },
  {
    name: "a list of 2^32 items that are not there",
    type: "application/msgpack",
    body: bytes(0xdd, 0xff, 0xff, 0xff, 0xff),
    status: [400, 413],
  },
  {
    name: "a text of 2^32 bytes that are not there",
    type: "application/msgpack",
    body: bytes(0xdb, 0xff, 0xff, 0xff, 0xff),
    status: [400, 413],
  },
  { name: "MessagePack 100,000 deep", type: "application/msgpack", body: Buffer.alloc(100_000, 0x91), status: 400 },
  { name: "the byte that is never used", type: "application/msgpack", body: bytes(0xc1), status: 400 },
  { name: "two values", type: "application/msgpack", body: bytes(0x80, 0x80), status: 400 },
  {
    name: "a duplicate key in MessagePack",
    type: "application/msgpack",
    body: bytes(0x82, 0xa1, "a", 1, 0xa1, "a", 2),
    status: 400,
    refusal: "duplicate_key",
  },
  { name: "a key that is a number", type: "application/msgpack", body: bytes(0x81, 1, 2), status: [400, 422] },
  { name: "an extension", type: "application/msgpack", body: bytes(0x81, 0xa1, "a", 0xd4, 1, 2), status: [400, 422] },
  { name: "text that is not UTF-8", type: "application/msgpack", body: bytes(0x81, 0xa1, 0xff, 1), status: 400 },
  { name: "CSV for one object", type: "text/csv", body: "name\nx\n", status: [415, 422, 200] },
  { name: "CSV with an open quote", type: "text/csv", body: 'name\n"x\n', status: [400, 415] },
  { name: "CSV with two columns of a name", type: "text/csv", body: "name,name\na,b\n", status: [400, 415] },
  { name: "CSV with 10,000 columns", type: "text/csv", body: `${times("a,", 10_000)}b\n1\n`, status: [400, 413, 415, 422] },
  { name: "NDJSON with a bad line", type: "application/x-ndjson", body: '{"name":"a"}\n{"name"\n', status: [400, 415] },
  ...bombs.map(([coding, body]): Case => ({
    name: `a bomb in ${coding}`,
    type: json,
    body: body(),
    headers: [["Content-Encoding", coding]],
    status: 413,
    refusal: "too_large",
  })),
  {
    name: "a bomb within a bomb",
    type: json,
    body: Bun.gzipSync(Bun.gzipSync(bomb)),
    headers: [["Content-Encoding", "gzip, gzip"]],
    status: [413, 415],
  },
  ...bombs.map(([coding]): Case => ({
    name: `no ${coding} at all`,
    type: json,
    body: '{"name":"x"}',
    headers: [["Content-Encoding", coding]],
    status: 400,
  })),
  {
    name: "gzip cut in half",
    type: json,
    body: Bun.gzipSync(Buffer.from('{"name":"x"}')).subarray(0, 15),
    headers: [["Content-Encoding", "gzip"]],
    status: 400,
  },
  {
    name: "gzip with a wrong sum",
    type: json,
    body: (() => {
      const body = Bun.gzipSync(Buffer.from('{"name":"x"}'));
      body[body.length - 6]! ^= 1;
      return body;
    })(),
    headers: [["Content-Encoding", "gzip"]],
    status: 400,
  },
  {
    name: "gzip with something after it",
    type: json,
    body: Buffer.concat([Bun.gzipSync(Buffer.from("{}")), Buffer.from("rest")]),
    headers: [["Content-Encoding", "gzip"]],
    status: [400, 422],
  },
  { name: "an unknown coding", type: json, body: "{}", headers: [["Content-Encoding", "rot13"]], status: 415 },
  ...[
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "text/html",
    "application/octet-stream",
    "application/graphql",
    "x",
    "application/json; charset=utf-16",
    "application/jsonx",
  ].map((type): Case => ({
    name: `JSON called ${type}`,
    type,
    body: '{"name":"x"}',
    status: 415,
    refusal: "unsupported_media_type",
  })),
  { name: "JSON Patch on a create", type: "application/json-patch+json", body: "[]", status: 415 },
];
