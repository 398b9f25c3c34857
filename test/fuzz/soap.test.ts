/**
 * Messages of SOAP that are bent: elements, names, namespaces, header blocks, values and bytes. Whatever comes: an answer that is valid against the schema or a
 * fault with a code that exists, in time, never an error of ours. Asked in process, ten thousand times.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import shop from "../fixtures/shop.ts";
import { testDatabases } from "../postgres/index.ts";
import delivery from "../soap/delivery.ts";
import { Description, type Part, type Version } from "../soap/description.ts";
import { serve, type Served } from "../soap/served.ts";
import kinds from "./kinds.ts";
import { holds, testMsMax } from "./runs.ts";

const [sqlite] = testDatabases();
/** Of the processor. */
const answerMsMax = 1_000;
/** Fuzzed values make rows; they are few enough to keep. */
const paths = { shop: "/shop/v2/soap", kinds: "/kinds/v1/soap", delivery: "/delivery/v1/soap" } as const;
type Service = keyof typeof paths;
/** An operation of the shop that is there to throw. */
const throwing = "Fail";

let served: Served;
let key: string;
const descriptions = new Map<Service, Description>();

beforeAll(async () => {
  served = await serve(await (sqlite as NonNullable<typeof sqlite>).create(), [shop, kinds, delivery]);
  key = await served.key("clerk", "shop");
  for (const name of Object.keys(paths) as Service[])
    descriptions.set(name, new Description(await (await served.ask(`${paths[name]}?wsdl`)).text()));
}, testMsMax);
afterAll(async () => {
  for (const description of descriptions.values()) description[Symbol.dispose]();
  await served[Symbol.asyncDispose]();
});

const describedOf = (service: Service): Description => {
  const description = descriptions.get(service);
  if (description === undefined) throw new Error(`${service} is not described`);
  return description;
};

const types: Readonly<Record<Version, string>> = {
  "1.1": "text/xml; charset=utf-8",
  "1.2": "application/soap+xml; charset=utf-8",
};
const statuses: ReadonlySet<number> = new Set([200, 400, 401, 404, 413, 415, 500]);
const codes = /^(?:soap:(?:Client|Server|Sender|Receiver|VersionMismatch|MustUnderstand|DataEncodingUnknown)|wsse:[A-Za-z]+)$/;

const judge = async (service: Service, body: string | Uint8Array, headers: Readonly<Record<string, string>>): Promise<void> => {
  const begun = process.cpuUsage();
  const response = await served.ask(paths[service], {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, ...headers },
    body: body as string,
  });
  const text = await response.text();
  const { user, system } = process.cpuUsage(begun);
  expect((user + system) / 1_000).toBeLessThan(answerMsMax);
  if (!statuses.has(response.status)) throw new Error(`${response.status} ${text}`);
  // Throws where it is not valid.
  const answered = describedOf(service).answer(text);
  if (answered.kind === "answer") return expect(response.status).toBe(200);
  if (!codes.test(answered.code)) throw new Error(`${answered.code} ${text}`);
  if (answered.refusal?.type === "internal") throw new Error(text);
  expect(response.status).not.toBe(200);
  expect(served.errors).toEqual([]);
};

/** Texts that some type may stumble over. */
const texts = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      "",
      " ",
      "0",
      "-0",
      "1",
      "true",
      "+007",
      "1.50",
      "1e5",
      "NaN",
      "INF",
      "9007199254740993",
      "2024-02-29",
      "2024-02-30",
      "2024-02-29T00:00:00Z",
      "2024-02-29T00:00:00",
      "AAEC",
      "{}",
      '[1,{"a":null}]',
      '{"__proto__":1}',
      "null",
      "EUR",
      "de",
      "P1W",
      "0001-01-01T00:00:00",
      "prd_01JGFJJZ0000000000000000ZZ",
      "name",
      "price",
      "price.desc",
      "product.name",
      "\r\n\t",
      "&amp;",
      "]]",
      "é😀",
      "x".repeat(300),
    ),
  },
  { weight: 1, arbitrary: fc.string({ unit: "grapheme", maxLength: 12 }) },
  { weight: 1, arbitrary: fc.integer().map(String) },
);

const xmlText = (text: string): string =>
  text.replace(/[&<>\r]/g, (character) => `&#${character.charCodeAt(0)};`).replace(/[^\t\n\x20-\ud7ff\ue000-\ufffd]/g, "?");

/** Elements of a message, mostly as the schema has them. */
const elementsOf = (description: Description, parts: readonly Part[], depth: number): fc.Arbitrary<string> => {
  if (parts.length === 0 || depth > 3) return fc.constant("");
  const one = parts.map((part): fc.Arbitrary<string> => {
    const inner = description.partsOf(part);
    const content = fc.oneof(
      { weight: 8, arbitrary: inner === undefined ? texts.map(xmlText) : elementsOf(description, inner, depth + 1) },
      { weight: 1, arbitrary: texts.map(xmlText) },
    );
    const tag = fc.oneof(
      { weight: 20, arbitrary: fc.constant("") },
      {
        weight: 1,
        arbitrary: fc.constantFrom(
          ' xsi:nil="true"',
          ' xsi:nil="1"',
          ' x="1"',
          ' xmlns="urn:other"',
          ' xml:lang="en"',
          ' xsi:type="x:y"',
        ),
      },
    );
    return fc.tuple(tag, content).map(([attributes, text]) => `<${part.name}${attributes}>${text}</${part.name}>`);
  });
  return fc
    .array(
      fc.oneof(
        { weight: 12, arbitrary: fc.oneof(...one) },
        {
          weight: 1,
          arbitrary: fc.constantFrom("<nope/>", "<id>x</id>", "<constructor/>", "<__proto__/>", "text", "<!-- c -->", "<?p i?>"),
        },
      ),
      { maxLength: 5 },
    )
    .map((made) => made.join(""));
};

const blocks = fc.oneof(
  { weight: 10, arbitrary: fc.constant("") },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '<x:A xmlns:x="urn:x" s:mustUnderstand="1"/>',
      '<p:IdempotencyKey xmlns:p="urn:pons:soap">k</p:IdempotencyKey>',
      '<p:IfMatch xmlns:p="urn:pons:soap">"a"</p:IfMatch>',
      '<p:Language xmlns:p="urn:pons:soap">hu</p:Language>',
      '<p:Tenant xmlns:p="urn:pons:soap">demo</p:Tenant>',
      '<w:Security xmlns:w="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"><w:UsernameToken><w:Username>a</w:Username><w:Password>b</w:Password></w:UsernameToken></w:Security>',
    ),
  },
);

const pieces = [
  "<",
  ">",
  "/",
  "&",
  '"',
  "'",
  "=",
  ":",
  " ",
  "xmlns",
  "xmlns:a=''",
  "<!DOCTYPE a>",
  "<![CDATA[",
  "]]>",
  "<!--",
  "-->",
  "&#0;",
  "&x;",
  "\0",
  "\xff",
  "\xfe\xff",
  "<a/>",
  "</s:Body>",
  "s:Header",
  "é",
] as const;

/** A message in which some places are bent. */
const bent = (message: fc.Arbitrary<string>): fc.Arbitrary<Uint8Array> =>
  fc
    .tuple(
      message,
      fc.array(fc.tuple(fc.nat({ max: 2_000 }), fc.constantFrom(...pieces), fc.nat({ max: 8 })), { minLength: 1, maxLength: 3 }),
    )
    .map(([text, changes]) => {
      let changed = text;
      for (const [at, piece, cut] of changes) {
        const from = at % (changed.length + 1);
        changed = changed.slice(0, from) + piece + changed.slice(from + cut);
      }
      return new Uint8Array(Buffer.from(changed, "latin1"));
    });

interface Sent {
  readonly version: Version;
  readonly body: string;
  readonly action: string;
}

/** Made once per service: making them costs more than the messages. */
const messages = new Map<Service, fc.Arbitrary<Sent>>();
const message = (service: Service): fc.Arbitrary<Sent> => {
  const known = messages.get(service);
  if (known !== undefined) return known;
  const description = describedOf(service);
  const made = [...description.methods].flatMap(([method, { action }]) => {
    if (method === throwing) return [];
    const parts = {
      version: fc.constantFrom<Version>("1.1", "1.2"),
      header: blocks,
      inside: elementsOf(description, description.elements.get(method) ?? [], 0),
    };
    return fc.record(parts).map(({ version, header, inside }) => ({
      version,
      action,
      body: description.request(method, {}, version, header).replace(`></${method}>`, () => `>${inside}</${method}>`),
    }));
  });
  const any = fc.oneof(...made);
  messages.set(service, any);
  return any;
};

describe("bent messages", () => {
  for (const service of Object.keys(paths) as Service[]) {
    test(
      `${service}: elements`,
      async () => {
        await holds(message(service), { runs: 1_500 }, ({ version, body, action }) =>
          judge(service, body, { "content-type": types[version], soapaction: `"${action}"` }),
        );
      },
      testMsMax,
    );

    test(
      `${service}: bytes`,
      async () => {
        await holds(
          fc.tuple(
            bent(message(service).map(({ body }) => body)),
            fc.constantFrom(...Object.values(types), "text/xml; charset=utf-16", "text/xml"),
          ),
          { runs: 1_500 },
          ([body, type]) => judge(service, body, { "content-type": type }),
        );
      },
      testMsMax,
    );
  }

  test(
    "bytes at random",
    async () => {
      const start = fc.constantFrom("", "\xff\xfe", "\xfe\xff", "\xef\xbb\xbf", '<?xml version="1.0"?>', "<a>");
      const bytes = fc
        .tuple(start, fc.uint8Array({ maxLength: 120 }))
        .map(([head, tail]) => new Uint8Array(Buffer.concat([Buffer.from(head, "latin1"), tail])));
      await holds(
        fc.tuple(bytes, fc.constantFrom("text/xml", "application/soap+xml", "text/xml; charset=utf-16", "")),
        { runs: 1_000 },
        ([body, type]) => judge("shop", body, { "content-type": type }),
      );
    },
    testMsMax,
  );

  test("nothing was an error of ours", () => {
    expect(served.errors).toEqual([]);
  });
});
