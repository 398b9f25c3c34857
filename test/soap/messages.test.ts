/** What the standards say of messages: versions, header blocks, faults and their statuses, encodings, XML that is none. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { testDatabases } from "../postgres/index.ts";
import shop from "../fixtures/shop.ts";
import { Description, envelopes, type Version } from "./description.ts";
import { serve, type Served } from "./served.ts";

const [sqlite] = testDatabases();
const ns = "urn:pons:shop:v2";
const path = "/shop/v2/soap";

interface Told {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Of a fault. */
  readonly code?: string;
  readonly subcode?: string;
  readonly type?: string;
  readonly reason?: string;
  readonly record: Record<string, unknown>;
}

let served: Served;
let description: Description;
let key: string;
beforeAll(async () => {
  served = await serve(await (sqlite as NonNullable<typeof sqlite>).create(), [shop]);
  description = new Description(await (await served.ask(`${path}?wsdl`)).text());
  key = await served.key("clerk");
});
afterAll(async () => {
  description[Symbol.dispose]();
  expect(served.errors).toEqual([]);
  await served[Symbol.asyncDispose]();
});

const types: Readonly<Record<Version, string>> = {
  "1.1": "text/xml; charset=utf-8",
  "1.2": "application/soap+xml; charset=utf-8",
};

const send = async (body: string | Uint8Array, headers: Readonly<Record<string, string>> = {}): Promise<Told> => {
  const response = await served.ask(path, {
    method: "POST",
    headers: { "content-type": types["1.1"], authorization: `Bearer ${key}`, ...headers },
    body: body as string,
  });
  const text = await response.text();
  const shared = { status: response.status, headers: response.headers, text };
  const answered = description.answer(text);
  if (answered.kind === "answer") return { ...shared, record: answered.record };
  const { code, subcode, refusal, reason } = answered;
  return {
    ...shared,
    code,
    reason,
    record: (refusal ?? {}) as Record<string, unknown>,
    ...(subcode === undefined ? {} : { subcode }),
    ...(refusal === undefined ? {} : { type: refusal.type }),
  };
};

const enveloped = (inside: string, { version = "1.1", header = "" }: { version?: Version; header?: string } = {}): string =>
  `<e:Envelope xmlns:e="${envelopes[version]}">${header}<e:Body>${inside}</e:Body></e:Envelope>`;

const count = `<CountProducts xmlns="${ns}"/>`;
const isCounted = (told: Told): boolean => told.status === 200 && typeof told.record["count"] === "number";

describe("versions", () => {
  for (const version of ["1.1", "1.2"] as const) {
    test(`${version}: an answer, and a fault`, async () => {
      const headers = { "content-type": types[version] };
      const good = await send(enveloped(count, { version }), headers);
      expect([isCounted(good), good.headers.get("content-type")]).toEqual([true, types[version]]);
      expect(good.text).toStartWith(`<?xml version="1.0" encoding="UTF-8"?><soap:Envelope xmlns:soap="${envelopes[version]}">`);
      const bad = await send(enveloped(`<GetProduct xmlns="${ns}"><id>prd_0</id></GetProduct>`, { version }), headers);
      expect([bad.status, bad.code, bad.subcode, bad.type, bad.reason]).toEqual(
        version === "1.1"
          ? [500, "soap:Client", undefined, "not_found", "Not found."]
          : [400, "soap:Sender", "p:not_found", "not_found", "Not found."],
      );
    });
  }

  test("an envelope of the other version, or of none: VersionMismatch, with the versions that there are", async () => {
    const cases = [
      [types["1.1"], envelopes["1.2"]],
      [types["1.2"], envelopes["1.1"]],
      [types["1.1"], "urn:other"],
      [types["1.2"], "urn:other"],
    ] as const;
    for (const [type, namespace] of cases) {
      const told = await send(`<Envelope xmlns="${namespace}"><Body>${count}</Body></Envelope>`, { "content-type": type });
      expect([told.status, told.code]).toEqual([500, "soap:VersionMismatch"]);
      if (type === types["1.2"]) expect(told.text).toContain("<soap:Upgrade><soap:SupportedEnvelope");
    }
  });

  test("an encodingStyle is not understood", async () => {
    const style = 'e:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"';
    const inside = `<CountProducts xmlns="${ns}" ${style}/>`;
    expect((await send(enveloped(inside))).code).toBe("soap:Client");
    const told = await send(enveloped(inside, { version: "1.2" }), { "content-type": types["1.2"] });
    expect([told.status, told.code]).toEqual([500, "soap:DataEncodingUnknown"]);
  });
});

describe("envelopes that are none", () => {
  const cases: readonly (readonly [name: string, message: string])[] = [
    ["nothing", ""],
    ["no XML", "{}"],
    ["another root", "<x/>"],
    ["no body", `<e:Envelope xmlns:e="${envelopes["1.1"]}"/>`],
    ["an empty body", enveloped("")],
    ["two requests", enveloped(count + count)],
    ["two bodies", `<e:Envelope xmlns:e="${envelopes["1.1"]}"><e:Body>${count}</e:Body><e:Body>${count}</e:Body></e:Envelope>`],
    ["a header behind the body", `<e:Envelope xmlns:e="${envelopes["1.1"]}"><e:Body>${count}</e:Body><e:Header/></e:Envelope>`],
    ["text in the body", enveloped(`${count}text`)],
    ["a prefix that is not declared", enveloped("<p:CountProducts/>")],
    ["a prefix that is declared as nothing", enveloped('<p:CountProducts xmlns:p=""/>')],
    [
      "the same attribute twice by two prefixes",
      enveloped(`<CountProducts xmlns="${ns}" xmlns:a="u" xmlns:b="u" a:x="1" b:x="2"/>`),
    ],
    ["an attribute on an element", enveloped(`<CountProducts xmlns="${ns}" where="1"/>`)],
    ["text between elements", enveloped(`<ListProducts xmlns="${ns}">x<page>1</page></ListProducts>`)],
    ["text in place of elements", enveloped(`<ListProducts xmlns="${ns}">x</ListProducts>`)],
    ["an element twice", enveloped(`<ListProducts xmlns="${ns}"><page>1</page><page>1</page></ListProducts>`)],
    [
      "a nil that holds something",
      enveloped(
        `<ListProducts xmlns="${ns}" xmlns:x="http://www.w3.org/2001/XMLSchema-instance"><cursor x:nil="true">a</cursor></ListProducts>`,
      ),
    ],
    [
      "a known element in another namespace",
      enveloped(`<ListProducts xmlns="${ns}"><page xmlns="urn:other">1</page></ListProducts>`),
    ],
    ["a known element without a namespace", enveloped(`<p:ListProducts xmlns:p="${ns}"><page>1</page></p:ListProducts>`)],
  ];
  for (const [name, message] of cases) {
    test(name, async () => {
      const told = await send(message);
      expect([told.status, told.code]).toEqual([400, "soap:Client"]);
      expect(["invalid_body", "duplicate_key"]).toContain(told.type ?? "");
    });
  }

  test("no operation of that name, in that namespace", async () => {
    for (const inside of [
      `<Nothing xmlns="${ns}"/>`,
      "<CountProducts/>",
      '<CountProducts xmlns="urn:other"/>',
      `<__proto__ xmlns="${ns}"/>`,
      `<constructor xmlns="${ns}"/>`,
    ]) {
      const told = await send(enveloped(inside));
      expect([told.status, told.code, told.type]).toEqual([500, "soap:Client", "not_found"]);
    }
  });
});

describe("names do not depend on prefixes, nor elements on their order", () => {
  const cases: readonly (readonly [name: string, inside: string])[] = [
    ["a prefix", `<p:ListProducts xmlns:p="${ns}"><p:perPage>1</p:perPage><p:page>1</p:page></p:ListProducts>`],
    ["another prefix inside", `<p:ListProducts xmlns:p="${ns}"><q:perPage xmlns:q="${ns}">1</q:perPage></p:ListProducts>`],
    ["a default that changes", `<ListProducts xmlns="${ns}"><perPage xmlns:x="urn:other">1</perPage></ListProducts>`],
    [
      "comments, instructions, CDATA, references",
      `<ListProducts xmlns="${ns}"><!-- a --><?pi?><perPage><![CDATA[ 1 ]]></perPage><page>&#49;</page></ListProducts>`,
    ],
    [
      "attributes of other standards",
      `<ListProducts xmlns="${ns}" xmlns:w="urn:w" w:Id="x" xml:lang="en"><page w:a="1">1</page></ListProducts>`,
    ],
  ];
  for (const [name, inside] of cases) {
    test(name, async () => {
      const told = await send(enveloped(inside));
      expect([told.status, told.code]).toEqual([200, undefined]);
    });
  }
});

describe("header blocks", () => {
  const block = (inside: string, version: Version = "1.1"): string =>
    enveloped(count, { version, header: `<e:Header>${inside}</e:Header>` });

  test("one that must be understood and is not: MustUnderstand, with its name", async () => {
    for (const value of ["1", "true"]) {
      const told = await send(block(`<x:A xmlns:x="urn:x" e:mustUnderstand="${value}"/>`));
      expect([told.status, told.code, told.record]).toEqual([500, "soap:MustUnderstand", {}]);
      const told12 = await send(block(`<x:A xmlns:x="urn:x" e:mustUnderstand="${value}"/>`, "1.2"), {
        "content-type": types["1.2"],
      });
      expect([told12.status, told12.code]).toEqual([500, "soap:MustUnderstand"]);
      expect(told12.text).toContain('<soap:NotUnderstood qname="n:A" xmlns:n="urn:x"/>');
    }
  });

  test("one that need not be, or is for somebody on the way, is passed over", async () => {
    expect(isCounted(await send(block('<x:A xmlns:x="urn:x"/>')))).toBe(true);
    expect(isCounted(await send(block('<x:A xmlns:x="urn:x" e:mustUnderstand="0"/>')))).toBe(true);
    expect(isCounted(await send(block('<x:A xmlns:x="urn:x" e:mustUnderstand="1" e:actor="urn:proxy"/>')))).toBe(true);
    const next = "http://schemas.xmlsoap.org/soap/actor/next";
    expect((await send(block(`<x:A xmlns:x="urn:x" e:mustUnderstand="1" e:actor="${next}"/>`))).code).toBe("soap:MustUnderstand");
  });

  test("ours: language, idempotency key; the header of HTTP goes before", async () => {
    const own = (name: string, value: string): string =>
      `<p:${name} xmlns:p="urn:pons:soap" e:mustUnderstand="1">${value}</p:${name}>`;
    const missing = `<GetProduct xmlns="${ns}"><id>prd_0</id></GetProduct>`;
    const german = enveloped(missing, { header: `<e:Header>${own("Language", "de-AT")}</e:Header>` });
    const told = await send(german);
    expect([told.reason, told.headers.get("content-language")]).toEqual(["Nicht gefunden.", "de"]);
    expect(told.text).toContain('xml:lang="de"');
    expect((await send(german, { "accept-language": "fr" })).headers.get("content-language")).toBe("fr");
    const create = (name: string): string =>
      enveloped(`<CreateProduct xmlns="${ns}"><name>${name}</name><price>1</price></CreateProduct>`, {
        header: `<e:Header>${own("IdempotencyKey", "k1")}</e:Header>`,
      });
    const first = await send(create("Pen"));
    const again = await send(create("Pen"));
    expect([again.headers.get("idempotent-replayed"), again.record]).toEqual(["true", first.record]);
    expect((await send(create("Ink"))).type).toBe("idempotency_key_reused");
    expect((await send(create("Ink"), { "idempotency-key": "k2" })).status).toBe(200);
  });

  test("ours: If-Match by the ETag of an answer", async () => {
    const made = await send(enveloped(`<CreateProduct xmlns="${ns}"><name>Mug</name><price>1</price></CreateProduct>`));
    const { id } = made.record["product"] as { id: string };
    const tag = made.headers.get("etag") ?? "";
    const update = (price: number): string =>
      enveloped(`<UpdateProduct xmlns="${ns}"><id>${id}</id><price>${price}</price></UpdateProduct>`, {
        header: `<e:Header><p:IfMatch xmlns:p="urn:pons:soap">${tag}</p:IfMatch></e:Header>`,
      });
    expect((await send(update(2))).status).toBe(200);
    expect((await send(update(3))).type).toBe("precondition_failed");
  });

  test("ours that cannot be read are refused: a condition is never passed over", async () => {
    const unreadable = [
      "<p:Idempotencykey>x</p:Idempotencykey>",
      "<p:IfMatch>x</p:IfMatch>",
      "<p:Tenant>No Tenant</p:Tenant>",
      "<p:Language>ä</p:Language>",
      "<p:IfMatch>*</p:IfMatch><p:IfMatch>*</p:IfMatch>",
      "<p:Reason><x/></p:Reason>",
    ];
    for (const inside of unreadable) {
      const told = await send(enveloped(count, { header: `<e:Header xmlns:p="urn:pons:soap">${inside}</e:Header>` }));
      expect([inside, told.type]).toEqual([inside, "invalid_header"]);
    }
    expect((await send(block("<x/>".repeat(33)))).type).toBe("invalid_body");
  });
});

describe("what is said of the body", () => {
  test("SOAPAction: absent, empty, unknown, in quotes or not; one that names another operation is refused", async () => {
    for (const soapaction of ['""', "", '"urn:whatever"', `"${ns}/CountProducts"`, `${ns}/CountProducts`])
      expect(isCounted(await send(enveloped(count), { soapaction }))).toBe(true);
    const told = await send(enveloped(count), { soapaction: `"${ns}/DeleteProduct"` });
    expect([told.status, told.type]).toEqual([500, "invalid_header"]);
    const in12 = { "content-type": `application/soap+xml;action="${ns}/DeleteProduct"` };
    expect((await send(enveloped(count, { version: "1.2" }), in12)).type).toBe("invalid_header");
  });

  test("other types are 415, with those that there are", async () => {
    for (const type of [
      "application/json",
      "application/xml",
      "text/plain",
      'multipart/related; type="text/xml"',
      "text/xml; charset",
      "text/xml; charset=a; charset=b",
    ]) {
      const told = await send(enveloped(count), { "content-type": type });
      expect([type, told.status, told.type, told.headers.get("accept-post")]).toEqual([
        type,
        415,
        "unsupported_media_type",
        "text/xml, application/soap+xml",
      ]);
    }
    expect(isCounted(await send(enveloped(count), { "content-type": 'Text/XML ; Charset="UTF-8";' }))).toBe(true);
  });

  const utf16 = (text: string, order: "le" | "be", mark = true): Uint8Array => {
    const bytes = Buffer.from(mark ? `\ufeff${text}` : text, "utf16le");
    return order === "le" ? bytes : bytes.swap16();
  };

  test("UTF-8 with and without a mark, UTF-16 with one; others are 415", async () => {
    const german = enveloped(`<ListProducts xmlns="${ns}"><where><name>Füller ✒</name></where></ListProducts>`);
    const declared = (encoding: string): string => `<?xml version="1.0" encoding="${encoding}"?>${german}`;
    const good: readonly (readonly [string | Uint8Array, string])[] = [
      [german, "text/xml"],
      [`\ufeff${declared("utf-8")}`, "text/xml; charset=utf-8"],
      [utf16(german, "le"), "text/xml; charset=utf-16"],
      [utf16(declared("UTF-16"), "be"), "text/xml; charset=UTF-16"],
      [utf16(german, "be"), "text/xml"],
    ];
    for (const [body, type] of good) expect((await send(body, { "content-type": type })).status).toBe(200);
    const bad: readonly (readonly [string | Uint8Array, string])[] = [
      [declared("ISO-8859-1"), "text/xml"],
      [german, "text/xml; charset=iso-8859-1"],
      [utf16(german, "le", false), "text/xml; charset=utf-16"],
      [utf16(declared("ISO-8859-1"), "le"), "text/xml; charset=utf-16"],
      [german, "text/xml; charset=utf-7"],
    ];
    for (const [body, type] of bad) expect([type, (await send(body, { "content-type": type })).status]).toEqual([type, 415]);
    const broken = await send(Buffer.concat([Buffer.from(german), Buffer.from([0xff])]));
    expect([broken.status, broken.type]).toEqual([400, "invalid_encoding"]);
    const half = await send(Buffer.concat([Buffer.from("\ufeff<a/>", "utf16le"), Buffer.from([0x00, 0xd8, 0x20, 0x00])]));
    expect([half.status, half.type]).toEqual([400, "invalid_encoding"]);
  });

  test("a packed body is unpacked; one that is too large is 413", async () => {
    const packed = Bun.gzipSync(Buffer.from(enveloped(count)));
    expect(isCounted(await send(packed, { "content-encoding": "gzip" }))).toBe(true);
    const large = enveloped(`<ListProducts xmlns="${ns}"><cursor>${"x".repeat(2 * 1024 * 1024)}</cursor></ListProducts>`);
    const told = await send(large);
    expect([told.status, told.type]).toEqual([413, "too_large"]);
    const bomb = await send(Bun.gzipSync(Buffer.from(large)), { "content-encoding": "gzip" });
    expect([bomb.status, bomb.type]).toEqual([413, "too_large"]);
  });
});

test("SECURITY 63: an error of ours is the server's, with a request id and nothing of its inside", async () => {
  for (const version of ["1.1", "1.2"] as const) {
    const told = await send(enveloped(`<Fail xmlns="${ns}"/>`, { version }), { "content-type": types[version] });
    expect([told.status, told.code, told.type]).toEqual([500, version === "1.1" ? "soap:Server" : "soap:Receiver", "internal"]);
    expect(told.text).not.toContain("secret detail");
    expect(told.record["requestId"]).toBe(told.headers.get("x-request-id"));
  }
  expect(served.errors.splice(0)).toHaveLength(2);
});

describe("addresses", () => {
  test("GET: the WSDL, of some operations too; a page; HEAD; other methods are 405", async () => {
    const page = await served.ask(path);
    expect([page.status, page.headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
    expect(await page.text()).toContain('href="http://127.0.0.1/shop/v2/soap?wsdl"');
    const few = new Description(await (await served.ask(`${path}?WSDL&operations=CountProducts,RetireProduct`)).text());
    expect([[...few.methods.keys()], few.address]).toEqual([["CountProducts", "RetireProduct"], "http://127.0.0.1/shop/v2/soap"]);
    few[Symbol.dispose]();
    expect((await served.ask(`${path}?wsdl&operations=Nothing`)).status).toBe(404);
    expect((await served.ask(path, { method: "HEAD" })).status).toBe(200);
    const put = await served.ask(path, { method: "PUT", body: "x" });
    expect([put.status, put.headers.get("allow")]).toEqual([405, "GET, HEAD, POST, OPTIONS"]);
    expect((await served.ask(`${path}/more`, { method: "POST" })).status).toBe(404);
  });

  test("answers are packed as the caller takes them", async () => {
    for (const [coding, unpack] of [
      ["gzip", Bun.gunzipSync],
      ["zstd", Bun.zstdDecompressSync],
    ] as const) {
      const response = await served.ask(`${path}?wsdl`, { headers: { "accept-encoding": coding } });
      const bytes = unpack((await response.bytes()) as Uint8Array<ArrayBuffer>);
      expect([response.headers.get("content-encoding"), Buffer.from(bytes).toString("utf8")]).toEqual([coding, description.text]);
    }
  });

  test("the address in the WSDL is the configured one; below a base domain, that of the host that was asked", async () => {
    const publicUrl = "https://api.example.com";
    await using behind = await serve(await (sqlite as NonNullable<typeof sqlite>).create(), [shop], {
      publicUrl,
      baseDomain: "example.com",
    });
    const locationOf = async (url: string, host = "127.0.0.1"): Promise<string | undefined> =>
      /location="([^"]*)"/.exec(await (await behind.ask(url, { headers: { host } })).text())?.[1];
    expect(await locationOf(`${path}?wsdl`)).toBe("https://api.example.com/shop/v2/soap");
    expect(await locationOf(`/de${path}?wsdl`)).toBe("https://api.example.com/de/shop/v2/soap");
    expect(await locationOf("http://v2.shop.example.com/soap?wsdl", "v2.shop.example.com")).toBe(
      "https://v2.shop.example.com/soap",
    );
  });

  test("each version has a namespace and words of its own; they say how old they are", async () => {
    const old = await served.ask("/shop/v1/soap?wsdl");
    const described = new Description(await old.text());
    expect([described.namespace, described.address]).toEqual(["urn:pons:shop:v1", "http://127.0.0.1/shop/v1/soap"]);
    described[Symbol.dispose]();
  });
});
