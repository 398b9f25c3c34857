/** Who calls over SOAP: the probe that costs nothing, Basic, UsernameToken as text and as digest, where it may be sent, and what does not count. */
import { createHash, randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { digestPasswordOf } from "../../src/channels/soap/index.ts";
import shop from "../fixtures/shop.ts";
import { query, service, t } from "pons";
import { openPlane, type Plane } from "../manage/plane.ts";
import { testDatabases } from "../postgres/index.ts";
import { Description, envelopes } from "./description.ts";
import { serve } from "./served.ts";

const [sqlite] = testDatabases();
const database = () => (sqlite as NonNullable<typeof sqlite>).create();
const wsse = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
const wsu = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";
const profile = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0";
const path = "/market/v1/soap";
const count = `<CountGoods xmlns="urn:pons:market:v1"/>`;

const enveloped = (security: string): string =>
  `<e:Envelope xmlns:e="${envelopes["1.1"]}"><e:Header>${security}</e:Header><e:Body>${count}</e:Body></e:Envelope>`;
const secured = (inside: string): string =>
  enveloped(`<w:Security xmlns:w="${wsse}" xmlns:u="${wsu}" e:mustUnderstand="1">${inside}</w:Security>`);
const token = (inside: string): string => secured(`<w:UsernameToken u:Id="t-1">${inside}</w:UsernameToken>`);
const withPassword = (user: string, password: string, more = ""): string =>
  token(`<w:Username>${user}</w:Username><w:Password Type="${profile}#PasswordText">${password}</w:Password>${more}`);

/** A digest as the profile has it. */
const digested = (
  user: string,
  password: string,
  { nonce = randomBytes(16), created = new Date().toISOString() }: { nonce?: Buffer; created?: string } = {},
): string => {
  const digest = createHash("sha1").update(nonce).update(created).update(password).digest("base64");
  return token(
    `<w:Username>${user}</w:Username><w:Password Type="${profile}#PasswordDigest">${digest}</w:Password><w:Nonce>${nonce.toString("base64")}</w:Nonce><u:Created>${created}</u:Created>`,
  );
};

describe("an app of the control plane", () => {
  let plane: Plane;
  let description: Description;
  let app = "";
  let key = "";
  let secret = "";
  let digest = "";
  beforeAll(async () => {
    plane = await openPlane(await database());
    description = new Description(await (await fetch(`${plane.nodes[0]?.origin}${path}?wsdl`)).text());
    ({ id: app, key } = await plane.app());
    const made = async (kind: string): Promise<string> =>
      String((await plane.admin("POST", `/apps/${app}/createKey`, { name: kind, kind, environment: "sandbox" }))["secret"]);
    secret = await made("secret");
    digest = digestPasswordOf(new TextEncoder().encode(await made("hmac")));
  });
  afterAll(async () => {
    description[Symbol.dispose]();
    expect(plane.errors).toEqual([]);
    await plane[Symbol.asyncDispose]();
  });

  const send = async (body: string, headers: Readonly<Record<string, string>> = {}): Promise<string> => {
    const response = await fetch(`${plane.nodes[0]?.origin}${path}`, {
      method: "POST",
      headers: { "content-type": "text/xml", ...headers },
      body,
    });
    const answered = description.answer(await response.text());
    const challenge = response.headers.get("www-authenticate");
    const told = answered.kind === "answer" ? "done" : `${answered.code} ${answered.refusal?.type ?? ""}`.trim();
    return `${response.status} ${told}${challenge === null ? "" : ` ${challenge}`}`;
  };
  const basic = (user: string, password: string): Record<string, string> => ({
    authorization: `Basic ${btoa(`${user}:${password}`)}`,
  });
  const challenge = 'Basic realm="pons", charset="UTF-8"';

  test("a probe without credentials is told how to show them: it is not metered, no refusal of the record, and no failed attempt", async () => {
    const before = await plane.sql("SELECT count(*) AS n FROM pons_refusals");
    for (let probe = 0; probe < 40; probe++) {
      const body = probe % 2 === 0 ? enveloped("") : "no XML at all";
      expect(await send(body)).toBe(`401 soap:Client unauthenticated ${challenge}`);
    }
    expect(await send(enveloped(""), basic(app, secret))).toBe("200 done");
    // Not the forty-first failure, but the first.
    expect(await send(enveloped(""), basic(app, "wrong"))).toBe(`401 soap:Client invalid_credentials ${challenge}`);
    const refused = async (): Promise<number> => Number((await plane.sql("SELECT count(*) AS n FROM pons_refusals"))[0]?.["n"]);
    // Records are written a little later.
    for (let wait = 0; wait < 50 && (await refused()) === 0; wait++) await Bun.sleep(100);
    expect((await refused()) - Number(before[0]?.["n"])).toBe(1);
    const metered = await plane.sql("SELECT sum(calls) AS n FROM pons_traffic WHERE channel = 'soap'");
    expect(Number(metered[0]?.["n"])).toBeLessThanOrEqual(2);
  });

  test("an API key in a header, Basic, a UsernameToken as text: one caller", async () => {
    expect(await send(enveloped(""), { authorization: `Bearer ${key}` })).toBe("200 done");
    expect(await send(enveloped(""), { "x-api-key": key })).toBe("200 done");
    expect(await send(enveloped(""), basic(app, secret))).toBe("200 done");
    expect(await send(withPassword(app, secret))).toBe("200 done");
    const plain = token(`<w:Username>${app}</w:Username><w:Password>${secret}</w:Password>`);
    expect(await send(plain)).toBe("200 done");
  });

  test("SECURITY 7: wrong secrets fail as the standard says, and are slowed down", async () => {
    const failed = "500 wsse:FailedAuthentication";
    expect(await send(withPassword(app, "wrong"))).toBe(failed);
    expect(await send(withPassword("app_00000000000000000000000000", secret))).toBe(failed);
    expect(await send(digested(`${app}/sandbox`, "wrong"))).toBe(failed);
    expect(await send(digested("app_00000000000000000000000000", digest))).toBe(failed);
    let last = "";
    for (let attempt = 0; attempt < 31; attempt++) last = await send(withPassword(app, `wrong${attempt}`));
    expect(last).toBe("500 soap:Server too_many_attempts");
    expect(await send(withPassword(app, secret))).toBe("200 done");
  });

  test("SECURITY 18: a digest counts once; its moment is near", async () => {
    const once = digested(`${app}/sandbox`, digest);
    expect(await send(once)).toBe("200 done");
    expect(await send(once)).toMatch(/^500 (?:wsse:FailedAuthentication|soap:Server too_many_attempts)$/);
    const nonce = randomBytes(16);
    const at = (seconds: number): string => new Date(Date.now() + seconds * 1_000).toISOString();
    expect(await send(digested(`${app}/sandbox`, digest, { nonce, created: at(-290) }))).toBe("200 done");
    for (const seconds of [-310, 70, -86_400])
      expect(await send(digested(`${app}/sandbox`, digest, { created: at(seconds) }))).toBe("500 wsse:MessageExpired");
    // Live is another environment, whose key the app has none of.
    expect(await send(digested(app, digest))).toMatch(/^500 (?:wsse:FailedAuthentication|soap:Server too_many_attempts)$/);
    // The app's own secret is no password of digests.
    expect(await send(digested(`${app}/sandbox`, secret))).toMatch(
      /^500 (?:wsse:FailedAuthentication|soap:Server too_many_attempts)$/,
    );
  });

  test("a digest counts as Basic does, not as a signature: it covers nothing of the message", async () => {
    await plane.policy("authenticationStrength", { accepted: ["signature", "sealed"] });
    await Bun.sleep(100);
    expect(await send(digested(`${app}/sandbox`, digest))).toBe("500 soap:Client stronger_authentication_required");
    await plane.clear();
    await Bun.sleep(100);
  });

  const created = (text: string): string => `<u:Created>${text}</u:Created>`;
  const now = (): string => new Date().toISOString();
  const unreadable: readonly (readonly [name: string, message: () => string, fault: string])[] = [
    ["no username", () => token("<w:Password>x</w:Password>"), "InvalidSecurityToken"],
    ["no password", () => token("<w:Username>x</w:Username>"), "InvalidSecurityToken"],
    [
      "two passwords",
      () => token("<w:Username>x</w:Username><w:Password>x</w:Password><w:Password>x</w:Password>"),
      "InvalidSecurityToken",
    ],
    [
      "something else in the token",
      () => token("<w:Username>x</w:Username><w:Password>x</w:Password><w:Salt>x</w:Salt>"),
      "InvalidSecurityToken",
    ],
    [
      "two tokens",
      () => secured("<w:UsernameToken><w:Username>x</w:Username><w:Password>x</w:Password></w:UsernameToken>".repeat(2)),
      "InvalidSecurity",
    ],
    [
      "another type of password",
      () => token('<w:Username>x</w:Username><w:Password Type="urn:x">x</w:Password>'),
      "UnsupportedSecurityToken",
    ],
    ["a certificate", () => secured("<w:BinarySecurityToken>x</w:BinarySecurityToken>"), "UnsupportedSecurityToken"],
    ["a signature", () => secured('<d:Signature xmlns:d="http://www.w3.org/2000/09/xmldsig#"/>'), "UnsupportedSecurityToken"],
    [
      "a digest without nonce",
      () => token(`<w:Username>x</w:Username><w:Password Type="${profile}#PasswordDigest">x</w:Password>${created(now())}`),
      "InvalidSecurityToken",
    ],
    ["a digest with a nonce too short", () => digested("x", "x", { nonce: Buffer.from("1234567") }), "InvalidSecurityToken"],
    ["a digest with a nonce too long", () => digested("x", "x", { nonce: randomBytes(65) }), "InvalidSecurityToken"],
    ["a moment that is none", () => withPassword("x", "x", created("yesterday")), "InvalidSecurityToken"],
    ["a password of long ago", () => withPassword("x", "x", created("2020-01-01T00:00:00Z")), "MessageExpired"],
    [
      "a message that has expired",
      () => secured("<u:Timestamp><u:Expires>2020-01-01T00:00:00Z</u:Expires></u:Timestamp>"),
      "MessageExpired",
    ],
    ["two security blocks", () => enveloped(`<w:Security xmlns:w="${wsse}"/>`.repeat(2)), "InvalidSecurity"],
  ];
  for (const [name, message, fault] of unreadable) {
    test(`not taken: ${name}`, async () => {
      expect(await send(message(), basic(app, secret))).toBe(`500 wsse:${fault}`);
    });
  }

  test("credentials in a header and in the message contradict each other", async () => {
    expect(await send(withPassword(app, secret), basic(app, secret))).toBe("500 wsse:InvalidSecurity");
    expect(await send(withPassword(app, secret), { authorization: `Bearer ${key}` })).toBe("500 wsse:InvalidSecurity");
  });

  test("an empty block, and a timestamp that is good, say nothing", async () => {
    const soon = new Date(Date.now() + 60_000).toISOString();
    const stamped = secured(`<u:Timestamp><u:Created>${now()}</u:Created><u:Expires>${soon}</u:Expires></u:Timestamp>`);
    expect(await send(stamped, basic(app, secret))).toBe("200 done");
    expect(await send(secured(""), basic(app, secret))).toBe("200 done");
  });

  test("tenant and who is acted for are named in blocks, as in headers", async () => {
    const own = (name: string, value: string): string => `<p:${name} xmlns:p="urn:pons:soap">${value}</p:${name}>`;
    expect(await send(enveloped(own("Tenant", plane.tenant)), basic(app, secret))).toBe("200 done");
    expect(await send(enveloped(own("Tenant", "another")), basic(app, secret))).toBe("500 soap:Client forbidden");
    expect(await send(enveloped(own("ActFor", "cus_1") + own("Reason", "on the telephone")), basic(app, secret))).toBe(
      "500 soap:Client forbidden",
    );
  });
});

test("operations for anyone need no credentials; the others of their service are probed as ever", async () => {
  const open = service("open", {
    doc: "Some of it for anyone.",
    version: "v1",
    roles: { anyone: "Anyone.", staff: "Staff." },
    resources: [],
    operations: {
      hello: query({ doc: "Hello.", roles: ["anyone"], output: { text: t.string() }, run: () => ({ text: "Hello" }) }),
      inside: query({ doc: "Inside.", roles: ["staff"], output: { text: t.string() }, run: () => ({ text: "Inside" }) }),
    },
  });
  await using served = await serve(await database(), [open]);
  const ask = async (operation: string): Promise<string> => {
    const body = `<e:Envelope xmlns:e="${envelopes["1.1"]}"><e:Body><${operation} xmlns="urn:pons:open:v1"/></e:Body></e:Envelope>`;
    const response = await served.ask("/open/v1/soap", { method: "POST", headers: { "content-type": "text/xml" }, body });
    return `${response.status} ${/<text>(\w+)/.exec(await response.text())?.[1] ?? response.headers.get("www-authenticate")}`;
  };
  expect(await ask("Hello")).toBe("200 Hello");
  expect(await ask("Inside")).toBe('401 Basic realm="pons", charset="UTF-8"');
});

describe("where a password may be sent", () => {
  const cases: readonly (readonly [
    name: string,
    options: Parameters<typeof serve>[2],
    address: string,
    passwords: "overTls" | "anywhere" | "never",
    code: string,
  ])[] = [
    ["in production without TLS", { mode: "production" }, "127.0.0.1", "overTls", "wsse:InvalidSecurity"],
    [
      "in production behind a proxy that has TLS",
      { mode: "production", publicUrl: "https://api.example.com" },
      "10.0.0.1",
      "overTls",
      "wsse:FailedAuthentication",
    ],
    [
      "in production behind a proxy that has none",
      { mode: "production", publicUrl: "http://api.example.com" },
      "127.0.0.1",
      "overTls",
      "wsse:InvalidSecurity",
    ],
    ["in development from the same machine", { mode: "development" }, "127.0.0.1", "overTls", "wsse:FailedAuthentication"],
    ["in development from the same machine, IPv6", { mode: "development" }, "::1", "overTls", "wsse:FailedAuthentication"],
    ["in development from another machine", { mode: "development" }, "192.168.1.7", "overTls", "wsse:InvalidSecurity"],
    ["anywhere, where the service says so", { mode: "production" }, "192.168.1.7", "anywhere", "wsse:FailedAuthentication"],
    [
      "nowhere, where the service says so",
      { mode: "production", publicUrl: "https://api.example.com" },
      "10.0.0.1",
      "never",
      "wsse:UnsupportedSecurityToken",
    ],
  ];
  for (const [name, options, address, passwords, code] of cases) {
    test(name, async () => {
      await using served = await serve(await database(), [{ ...shop, soap: { passwords } }], options);
      const body = withPassword("app_1", "secret").replace(count, '<CountProducts xmlns="urn:pons:shop:v2"/>');
      const response = await served.ask(
        "/shop/v2/soap",
        { method: "POST", headers: { "content-type": "text/xml" }, body },
        address,
      );
      expect(await response.text()).toContain(`<faultcode>${code}</faultcode>`);
      expect(served.errors).toEqual([]);
    });
  }
});
