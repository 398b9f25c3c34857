/**
 * Secrets leave no trace: a real server that logs all it can is sent a marked secret in every place where a caller may put one, rightly or by mistake,
 * and is made to refuse it in every way. Afterwards no mark is in its log, in its answers, in the audit or anywhere in the data folder, and every
 * line of the log is one event.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connect } from "node:net";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { newApiKey } from "../../src/pipeline/identity/api-key.ts";
import { pons, startServer, type TestServer } from "../host/server.ts";
import { TemporaryFolder } from "../host/temporary-folder.ts";

const minute = 60_000;

/** Every mark that was sent, and where. */
const marks = new Map<string, string>();
const mark = (place: string): string => {
  const text = `Canary${crypto.randomUUID().replaceAll("-", "")}`;
  marks.set(text, place);
  return text;
};
/** A mark that is a well-formed key. */
const markedKey = (place: string): string => {
  const key = newApiKey("live");
  marks.set(key.slice("pons_live_".length + 4), place);
  return key;
};
const base64url = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
const markedJwt = (place: string): string =>
  `${base64url({ alg: "EdDSA", typ: "at+jwt", kid: "k" })}.${base64url({ sub: "x" })}.${mark(place)}`;

/** No secret, and stored: what is searched for is found where it is. */
const control = `Control${crypto.randomUUID().replaceAll("-", "")}`;

interface Sent {
  readonly place: string;
  readonly path?: string;
  readonly init?: BunFetchRequestInit;
}

const json = { "content-type": "application/json" };
const post = (body: string, headers: Readonly<Record<string, string>> = json): BunFetchRequestInit => ({
  method: "POST",
  headers,
  body,
});

/** Places where credentials belong, with credentials that are none. */
const credentials = (): Sent[] => [
  ...["Bearer", "DPoP", "Basic", "Digest", "Negotiate", ""].map((scheme) => ({
    place: `Authorization: ${scheme}`,
    init: { headers: { authorization: `${scheme} ${mark(`Authorization: ${scheme}`)}`.trim() } },
  })),
  { place: "Authorization: key", init: { headers: { authorization: `Bearer ${markedKey("Authorization: key")}` } } },
  { place: "Authorization: JWT", init: { headers: { authorization: `Bearer ${markedJwt("Authorization: JWT")}` } } },
  {
    place: "Authorization: id and secret",
    init: { headers: { authorization: `Basic ${btoa(`app_1:${mark("Authorization: id and secret")}`)}` } },
  },
  ...[
    "x-api-key",
    "x-csrf-token",
    "proxy-authorization",
    "dpop",
    "signature",
    "signature-input",
    "x-auth-token",
    "client-cert",
  ].map((name) => ({
    place: name,
    init: { headers: { [name]: mark(name) } },
  })),
  { place: "X-Api-Key: key", init: { headers: { "x-api-key": markedKey("X-Api-Key: key") } } },
  { place: "Cookie", init: { headers: { cookie: `__Host-pons=${mark("Cookie")}; session=${mark("Cookie: another")}` } } },
  {
    place: "a signature",
    init: {
      headers: {
        "signature-input": `sig1=("@method");created=1;keyid="${mark("keyid")}";nonce="${mark("nonce")}"`,
        signature: `sig1=:${btoa(mark("signature bytes"))}:`,
      },
    },
  },
];

/** Places where credentials do not belong. */
const mistakes = (): Sent[] => [
  ...["access_token", "api_key", "apikey", "key", "token", "password", "secret", "code"].map((name) => ({
    place: `query ${name}`,
    path: `/bank/v2/accounts?${name}=${mark(`query ${name}`)}`,
  })),
  { place: "fragment of a path", path: `/bank/v2/${mark("path")}` },
  { place: "an id", path: `/bank/v2/accounts/${mark("an id")}` },
  { place: "an address of nothing", path: `/${mark("address")}?token=${mark("address with token")}` },
  ...["password", "token", "secret", "apiKey", "authorization", "cardNumber"].map((name) => ({
    place: `body ${name}`,
    path: "/bank/v2/customers",
    init: post(JSON.stringify({ name: "Ada", [name]: mark(`body ${name}`) })),
  })),
  {
    place: "a value of another type",
    path: "/bank/v2/customers",
    init: post(JSON.stringify({ name: { password: mark("wrong type") } })),
  },
  {
    place: "a value that is too long",
    path: "/bank/v2/customers",
    init: post(JSON.stringify({ name: mark("too long").repeat(40), country: "XX" })),
  },
  { place: "no JSON", path: "/bank/v2/customers", init: post(`{"password": "${mark("no JSON")}"`) },
  {
    place: "form",
    path: "/bank/v2/customers",
    init: post(`password=${mark("form")}`, { "content-type": "application/x-www-form-urlencoded" }),
  },
  {
    place: "XML",
    path: "/bank/v2/customers",
    init: post(`<customer><password>${mark("XML")}</password></customer>`, { "content-type": "application/xml" }),
  },
  {
    place: "YAML",
    path: "/bank/v2/customers",
    init: post(`password: ${mark("YAML")}\n`, { "content-type": "application/yaml" }),
  },
  {
    place: "a batch",
    path: "/bank/v2/batch",
    init: post(
      JSON.stringify({
        calls: [{ path: "/customers", headers: { authorization: mark("batch header") }, body: { token: mark("batch body") } }],
      }),
    ),
  },
  {
    place: "an idempotent call",
    path: "/bank/v2/customers",
    init: post(JSON.stringify({ name: 1, secret: mark("idempotent") }), { ...json, "idempotency-key": "canary-1" }),
  },
];

describe("SECURITY 63: secrets in logs, audit and answers", () => {
  const folder = new TemporaryFolder();
  let server: TestServer;
  const answers: { readonly place: string; readonly status: number; readonly text: string }[] = [];

  const send = async ({ place, path = "/bank/v2/accounts?perPage=1", init = {} }: Sent, withKey: boolean): Promise<void> => {
    const headers = new Headers(init.headers);
    // With valid credentials beside the mistake the call gets further: into the checks of its input.
    const key = server.facts.demo?.keys.sandbox ?? "";
    if (withKey && !headers.has("authorization")) headers.set("authorization", `Bearer ${key}`);
    const response = await fetch(`${server.facts.baseUrl}${path}`, { ...init, headers, redirect: "manual" });
    answers.push({ place, status: response.status, text: `${JSON.stringify([...response.headers])}\n${await response.text()}` });
  };

  /** Bytes that no client library would send. */
  const sendRaw = (request: string): Promise<void> =>
    new Promise((resolve) => {
      const { hostname, port } = new URL(server.facts.baseUrl);
      const socket = connect(Number(port), hostname, () => socket.write(request));
      let text = "";
      socket.on("data", (data) => {
        text += data.toString("latin1");
        socket.end();
      });
      socket.setTimeout(5_000, () => socket.destroy());
      socket.on("error", () => undefined);
      socket.on("close", () => {
        answers.push({ place: "raw", status: Number(/^HTTP\/1.1 (\d+)/.exec(text)?.[1] ?? 0), text });
        resolve();
      });
    });

  beforeAll(async () => {
    server = await startServer({ data: folder.at("data"), environment: { PONS_LOG: "debug", PONS_AUDIT_EXPORT: "log" } });
    await send(
      {
        place: "control",
        path: "/bank/v2/customers",
        init: post(JSON.stringify({ name: control, email: "c@canary.example", country: "MT" })),
      },
      true,
    );
    for (const sent of credentials()) await send(sent, false);
    for (const sent of credentials())
      await send({ ...sent, path: "/bank/v2/customers", init: { ...post("{}"), ...sent.init, method: "POST" } }, true);
    for (const sent of mistakes()) await send(sent, true);
    for (const sent of mistakes()) await send(sent, false);
  }, minute);
  afterAll(() => folder[Symbol.dispose]());

  test(
    "none of the marks is anywhere",
    async () => {
      // Written within a second, and with the end at the latest.
      expect(await server.stop()).toBe(0);
      const environment = { PONS_DATA: folder.at("data") };
      const printed = await Promise.all(
        ["journal", "refusals", "checkpoints"].map(async (of) => (await pons(["audit", "export", "--of", of], environment)).out),
      );
      const kept = readdirSync(folder.at("data"), { recursive: true, encoding: "utf8" })
        .map((name) => join(folder.at("data"), name))
        .filter((path) => statSync(path).isFile())
        .map((path) => [path, readFileSync(path, "latin1")] as const);
      const places = [["the log", server.log] as const, ...kept, ["the audit", printed.join("\n")] as const];
      const found = [...marks].flatMap(([text, sentIn]) => [
        ...places.filter(([, content]) => content.includes(text)).map(([where]) => `${sentIn} is in ${where}`),
        ...answers.filter((answer) => answer.text.includes(text)).map(({ status }) => `${sentIn} is in an answer with ${status}`),
      ]);
      const withControl = places.filter(([, content]) => content.includes(control)).map(([where]) => where);
      expect(withControl).toEqual([expect.stringContaining("pons.sqlite"), "the audit"]);
      expect(answers[0]).toMatchObject({ status: 201, text: expect.stringContaining(control) });
      expect(marks.size).toBeGreaterThan(80);
      expect(found).toEqual([]);
      // There is something in which they could have been.
      const refusals = (printed[1] ?? "").split("\n").filter((line) => line !== "");
      const counted = refusals.map((line) => JSON.parse(line) as { status: number; count: number });
      const unauthenticated = counted.filter(({ status }) => status === 401).reduce((sum, { count }) => sum + count, 0);
      // Every authentication that failed is accounted for.
      expect(unauthenticated).toBe(answers.filter(({ status }) => status === 401).length);
      expect(unauthenticated).toBeGreaterThan(20);
      // The log holds the checkpoints too, whole.
      await Bun.write(folder.at("server.log"), server.log);
      const verified = await pons(["audit", "verify", "--checkpoints", folder.at("server.log"), "--json"], environment);
      expect(JSON.parse(verified.out)).toMatchObject({ ok: true, checkpoints: { statements: 1 }, exported: { statements: 1 } });
      expect(server.log.split("\n").length).toBeGreaterThan(50);
      expect(answers.filter(({ status }) => status >= 400).length).toBeGreaterThan(50);
      expect(answers.filter(({ status }) => status >= 500)).toEqual([]);
      expect(answers.filter(({ text }) => /\n\s+at |\.ts:\d|SELECT |node_modules|SQLITE/.test(text))).toEqual([]);
    },
    minute,
  );

  test(
    "what stands in a request does not become a line of the log, nor an order to a terminal",
    async () => {
      using other = new TemporaryFolder();
      server = await startServer({ data: other.at("data"), environment: { PONS_LOG: "debug" } });
      const forged = '{"time":"2026-01-01T00:00:00.000Z","level":"error","event":"forged"}';
      const encoded = encodeURIComponent(`\r\n${forged}\r\n\u001B[2J\u2028\u0085`);
      await send({ place: "a path", path: `/bank/v2/accounts/${encoded}` }, true);
      await send({ place: "a query", path: `/bank/v2/accounts?name=${encoded}` }, true);
      await send(
        {
          place: "a body",
          path: "/bank/v2/customers",
          init: post(JSON.stringify({ name: `\r\n${forged}`, [`\n${forged}`]: 1 })),
        },
        true,
      );
      for (const value of [`a\u001B[31mb`, `a\tb`, `a"b`, `a\\nb`, `a\r\n${forged}`, `a\n${forged}`])
        await sendRaw(
          `GET /bank/v2/accounts/x HTTP/1.1\r\nHost: x\r\nX-Request-Id: ${value}\r\nUser-Agent: ${value}\r\nPons-Tenant: ${value}\r\n\r\n`,
        );
      expect(await server.stop()).toBe(0);
      const lines = server.log.trimEnd().split("\n");
      const events = lines.map((line) => (JSON.parse(line) as { event: string }).event);
      expect(events.length).toBeGreaterThan(3);
      expect(events).not.toContain("forged");
      // eslint-disable-next-line no-control-regex
      expect(server.log).not.toMatch(/[\u0000-\u0009\u000B-\u001F\u007F-\u009F\u2028\u2029]/);
    },
    minute,
  );
});
