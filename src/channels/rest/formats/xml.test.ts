import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { FormatError } from "../../http/format-error.ts";
import { jsonArbitrary, stringified, utf8 } from "./plain.arbitrary.ts";
import { defaultLimits } from "./plain.ts";
import type { PlainValue, SchemaHint } from "./plain.ts";
import { stringifyXml } from "./xml-write.ts";
import { parseXml } from "./xml.ts";

const hint: SchemaHint = {
  type: "object",
  properties: {
    tags: { type: ["array", "null"], items: { type: "string" } },
    lines: { type: "array", items: { type: "object", properties: { notes: { type: "array" } } } },
    owner: { type: "object", properties: { item: { type: "string" } } },
    name: { type: "string" },
  },
};

describe("parseXml without a hint", () => {
  test.each([
    ["<request/>", ""],
    ["<request>a</request>", "a"],
    ["<request><a>1</a><b> x </b></request>", { a: "1", b: " x " }],
    ["<request>\n  <a>1</a>\n</request>", { a: "1" }],
    ["<request><item>1</item></request>", ["1"]],
    ["<request><item>1</item><item><a>2</a></item></request>", ["1", { a: "2" }]],
    ["<request><a>1</a><a>2</a><a>3</a></request>", { a: ["1", "2", "3"] }],
    ["<request><a>1</a><item>2</item></request>", { a: "1", item: "2" }],
    ['<request><a nil="true"/><b xsi:nil="1"/><c nil="false">x</c></request>', { a: null, b: null, c: "x" }],
    ['<request><entry key="first name">x</entry><entry>y</entry></request>', { "first name": "x", entry: "y" }],
    ['<request><a type="array"/><b type="object"/><c/></request>', { a: [], b: {}, c: "" }],
    ["<request><a>&lt;&amp;&#65;<![CDATA[<!DOCTYPE x>]]></a></request>", { a: "<&A<!DOCTYPE x>" }],
    [
      "<?xml version='1.0' encoding='UTF-8'?><!-- <!DOCTYPE x> --><request xmlns='urn:x'><!-- c --><a>1<?pi?>2</a></request>",
      { a: "12" },
    ],
    ["\ufeff<response><a>1</a></response>", { a: "1" }],
    ['<request><a encoding="base64">YQBi</a></request>', { a: "a\u0000b" }],
    ["<request><constructor>1</constructor><toString>2</toString></request>", { constructor: "1", toString: "2" }],
  ] as readonly (readonly [string, PlainValue])[])("reads %s", (text, value) => {
    expect(parseXml(utf8(text))).toStrictEqual(value);
  });
});

describe("parseXml with a hint", () => {
  test.each([
    ["<tags>a</tags>", { tags: ["a"] }],
    ["<tags>a</tags><tags>b</tags>", { tags: ["a", "b"] }],
    ["<tags><item>a</item></tags>", { tags: ["a"] }],
    ["<tags/>", { tags: [] }],
    ['<tags nil="true"/>', { tags: null }],
    ["<lines><n>1</n></lines>", { lines: [{ n: "1" }] }],
    ["<lines><n>1</n></lines><lines><n>2</n></lines>", { lines: [{ n: "1" }, { n: "2" }] }],
    ["<lines><item><notes>x</notes></item></lines>", { lines: [{ notes: ["x"] }] }],
    ["<lines><notes>x</notes></lines>", { lines: [{ notes: ["x"] }] }],
    ["<owner><item>a</item></owner>", { owner: { item: "a" } }],
    ["<owner/>", { owner: {} }],
  ] as readonly (readonly [string, PlainValue])[])("reads %s", (inner, value) => {
    expect(parseXml(utf8(`<request>${inner}</request>`), { hint })).toStrictEqual(value);
  });

  test("refuses a repetition of what is no list", () => {
    expect(parseXml(utf8("<request><name>a</name><name>b</name></request>"), { hint })).toMatchObject({
      status: 400,
      type: "duplicate_key",
    });
  });
});

describe("parseXml refuses", () => {
  test.each([
    ["", "invalid_xml"],
    ["<request>", "invalid_xml"],
    ["<request></Request>", "invalid_xml"],
    ["<account/>", "invalid_xml"],
    ["<request/><request/>", "invalid_xml"],
    ["<request>a<b/>c</request>", "invalid_xml"],
    ["<request a='1'/>", "invalid_xml"],
    ["<request><a key='x'>1</a></request>", "invalid_xml"],
    ["<request><a nil='true'>1</a></request>", "invalid_xml"],
    ["<request><a encoding='base64'>!</a></request>", "invalid_xml"],
    ["<request><a encoding='base64'>/w==</a></request>", "invalid_xml"],
    ["<request>&nbsp;</request>", "invalid_xml"],
    ["<request>&#0;</request>", "invalid_xml"],
    ["<request>\u0001</request>", "invalid_xml"],
    ["<request><__proto__>1</__proto__></request>", "forbidden_key"],
    ["<request><entry key='__proto__'>1</entry></request>", "forbidden_key"],
    ["<!DOCTYPE request><request/>", "invalid_xml"],
    ["\ufeff \n<!-- a --><?b c?> <!DOCTYPE request SYSTEM 'file:///etc/passwd'><request/>", "invalid_xml"],
    ["<?xml version='1.0'?><!DOCTYPE r [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]><request>&b;</request>", "invalid_xml"],
    ["<!doctype request><request/>", "invalid_xml"],
    ["<request><!DOCTYPE a></request>", "invalid_xml"],
    ["<!-- <request/>", "invalid_xml"],
  ])("%s as %s", (text, type) => {
    const refusal = parseXml(utf8(text));
    expect(refusal).toMatchObject({ status: 400, type });
  });

  test("other encodings", () => {
    expect(parseXml(utf8("<?xml version='1.0' encoding='ISO-8859-1'?><request/>"))).toMatchObject({
      status: 415,
      type: "unsupported_charset",
    });
    expect(parseXml(utf8('<?xml version="1.0"\n encoding = "utf-16" ?><request/>'))).toMatchObject({ status: 415 });
    expect(parseXml(new Uint8Array(Buffer.from("\ufeff<request/>", "utf16le")))).toMatchObject({
      status: 400,
      type: "invalid_encoding",
    });
    expect(parseXml(new Uint8Array(Buffer.from("<request/>", "utf16le")))).toMatchObject({ status: 400, type: "invalid_xml" });
    expect(parseXml(new Uint8Array([0x3c, 0xff, 0x3e]))).toMatchObject({ status: 400, type: "invalid_encoding" });
  });

  test("depth, markup, attributes and size over the limits", () => {
    const nested = (depth: number): Uint8Array => utf8(`<request>${"<a>".repeat(depth)}${"</a>".repeat(depth)}</request>`);
    expect(parseXml(nested(64))).toBeObject();
    expect(parseXml(nested(64))).not.toBeInstanceOf(FormatError);
    expect(parseXml(nested(65))).toMatchObject({ status: 400, type: "too_deep" });
    expect(parseXml(nested(150_000))).toMatchObject({ status: 400, type: "too_deep" });
    expect(parseXml(utf8(`<request>${"<a/>".repeat(200_001)}</request>`))).toMatchObject({ status: 413, type: "too_large" });
    expect(
      parseXml(utf8(`<request ${Array.from({ length: 65 }, (_, index) => `xmlns:a${index}=""`).join(" ")}/>`)),
    ).toMatchObject({ status: 400 });
    expect(parseXml(utf8("<request/>"), { limits: { ...defaultLimits, bytesMax: 9 } })).toMatchObject({ status: 413 });
  });
});

describe("round trip", () => {
  test("gives every value back, its leaves as strings", () => {
    fc.assert(
      fc.property(jsonArbitrary.filter(hasWritableKeys), (value) => {
        expect(parseXml(utf8(stringifyXml(value)))).toStrictEqual(stringified(value));
      }),
      { numRuns: 500 },
    );
  });

  test("writes what it says it writes", () => {
    expect(
      stringifyXml({
        id: 7n,
        tags: ["a", null],
        "first name": "<&>",
        on: true,
        none: null,
        empty: [],
        raw: new Uint8Array([1]),
        gone: undefined as unknown as null,
      }),
    ).toBe(
      '<?xml version="1.0" encoding="UTF-8"?><response><id>7</id><tags><item>a</item><item nil="true"/></tags><entry key="first name">&lt;&amp;&gt;</entry><on>true</on><none nil="true"/><empty type="array"/><raw>AQ==</raw></response>',
    );
    expect(() => stringifyXml(Number.NaN)).toThrow();
  });

  test("never throws on random bytes or mutated documents", () => {
    fc.assert(
      fc.property(
        jsonArbitrary,
        fc.nat(),
        fc.constantFrom(...Array.from("<>&/!?\"' \u0000"), "<!DOCTYPE a>", "<![CDATA[", "&a;"),
        (value, at, insert) => {
          const text = stringifyXml(value, { root: "request" });
          const cut = at % (text.length + 1);
          parseXml(utf8(text.slice(0, cut) + insert + text.slice(cut)));
        },
      ),
      { numRuns: 300 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => void parseXml(bytes)),
      { numRuns: 300 },
    );
  });
});

// oxlint-disable-next-line no-control-regex
const NOT_XML = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/;

/** A key with a character that no XML can hold loses it; everything else comes back. */
function hasWritableKeys(value: PlainValue): boolean {
  if (typeof value !== "object" || value === null) return true;
  if (!Array.isArray(value) && Object.keys(value).some((key) => NOT_XML.test(key))) return false;
  return Object.values(value).every(hasWritableKeys);
}
