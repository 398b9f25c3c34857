/** Names and encodings of messages. */
import { describe, expect, test } from "bun:test";
import { isNode, parseMessage, type XmlNode } from "./xml.ts";

const parse = (text: string): XmlNode => {
  const parsed = parseMessage(Buffer.from(text), undefined);
  if (!isNode(parsed)) throw new Error(JSON.stringify(parsed));
  return parsed;
};
const refusalOf = (text: string | Uint8Array, charset?: string): string => {
  const parsed = parseMessage(typeof text === "string" ? Buffer.from(text) : text, charset);
  return isNode(parsed) ? "read" : parsed.type;
};
const named = ({ namespace, name }: XmlNode): string => `{${namespace}}${name}`;

describe("names", () => {
  test("a default namespace is for elements, inside where it was declared, until it is taken back", () => {
    const root = parse('<a xmlns="u" x="1"><b/><c xmlns="v"><d/></c><e xmlns=""/><f/></a>');
    expect([named(root), ...root.elements.map(named), ...(root.elements[1]?.elements.map(named) ?? [])]).toEqual([
      "{u}a",
      "{u}b",
      "{v}c",
      "{}e",
      "{u}f",
      "{v}d",
    ]);
    expect(root.attributes).toEqual([{ namespace: "", name: "x", value: "1" }]);
  });

  test("prefixes may be declared anew; attributes have them too", () => {
    const root = parse('<p:a xmlns:p="u" p:x="1" xml:lang="de"><p:b xmlns:p="v" p:x="2"/></p:a>');
    expect(named(root)).toBe("{u}a");
    expect(root.elements.map(named)).toEqual(["{v}b"]);
    expect(root.attributes.map(({ namespace, name }) => `{${namespace}}${name}`)).toEqual([
      "{u}x",
      "{http://www.w3.org/XML/1998/namespace}lang",
    ]);
  });

  for (const text of [
    "<p:a/>",
    "<a p:x='1'/>",
    '<a xmlns:p=""/>',
    '<a xmlns:xml="urn:x"/>',
    '<a xmlns:p="http://www.w3.org/XML/1998/namespace"/>',
    '<a xmlns:xmlns="urn:x"/>',
    '<a xmlns="http://www.w3.org/2000/xmlns/"/>',
    '<a xmlns:p="u" xmlns:q="u" p:x="1" q:x="2"/>',
    '<p:q:a xmlns:p="u"/>',
    '<p: xmlns:p="u"/>',
  ]) {
    test(`not allowed: ${text}`, () => expect(refusalOf(text)).toBe("invalid_body"));
  }
});

describe("bounds", () => {
  test("of a tag, not of a text, a comment or a CDATA section", () => {
    const long = "x".repeat(20_000);
    expect(refusalOf(`<a x="${long}"/>`)).toBe("invalid_body");
    expect(refusalOf(`<a x='>${long}'/>`)).toBe("invalid_body");
    expect(refusalOf(`<a>${long}</a>`)).toBe("read");
    expect(refusalOf(`<a><!--${long}--><![CDATA[${long}]]><?p ${long}?></a>`)).toBe("read");
    expect(refusalOf(`<a x=">"/>`)).toBe("read");
  });
});

describe("encodings", () => {
  test("what is said outside goes with what the bytes are", () => {
    const utf16 = (text: string): Uint8Array => Buffer.from(`\ufeff${text}`, "utf16le");
    expect(refusalOf("<a/>", "utf-8")).toBe("read");
    expect(refusalOf("<a/>", "us-ascii")).toBe("read");
    expect(refusalOf("<a/>", "utf-16")).toBe("unsupported_media_type");
    expect(refusalOf(utf16("<a/>"), "utf-16")).toBe("read");
    expect(refusalOf(utf16('<?xml version="1.0" encoding="utf-16"?><a/>'))).toBe("read");
    expect(refusalOf(utf16('<?xml version="1.0" encoding="utf-8"?><a/>'))).toBe("unsupported_media_type");
    expect(refusalOf(utf16("<!DOCTYPE a><a/>"))).toBe("invalid_body");
    expect(refusalOf(new Uint8Array([0xff, 0xfe, 0x3c]))).toBe("invalid_encoding");
    expect(refusalOf(new Uint8Array(0))).toBe("invalid_body");
  });
});
