/** `ctx.fetch` of jobs: parties outside that lie, fail or take their time, how often they are asked, and what they are shown. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { type Asker, Outside, type OutsideInit, type OutsideOptions } from "../../src/outbound/outside.ts";
import { OutboundError } from "../../src/outbound/index.ts";
import { partyLimits, retryAfterMs } from "../../src/outbound/party.ts";
import { CertificateAuthority } from "./certificate-authority.ts";

const authority = new CertificateAuthority("outside");
const name = "api.post.example";
const inside = "what nobody else may read";
let server: Bun.Server<undefined>;
let foreign: Bun.Server<undefined>;
let hits = 0;
let status = 500;
let retryAfter: string | undefined;
let underWay = 0;
let mostUnderWay = 0;
let held = Promise.withResolvers<void>();

const endless = (everyMs: number): Response =>
  new Response(
    new ReadableStream({
      async pull(controller) {
        await Bun.sleep(everyMs + 1);
        controller.enqueue(new TextEncoder().encode(inside));
      },
    }),
  );

const answer = async (request: Request): Promise<Response> => {
  hits++;
  switch (new URL(request.url).pathname) {
    case "/redirect":
      return new Response(inside, { status: 302, headers: { Location: "/" } });
    case "/large":
      return new Response(inside.repeat(100));
    case "/endless":
      return endless(0);
    case "/drip":
      return endless(20);
    case "/slow":
      await held.promise;
      return new Response(inside);
    case "/zipped":
      return new Response(Bun.gzipSync(new Uint8Array(1024)), { headers: { "Content-Encoding": "gzip" } });
    case "/status":
      return new Response(inside, { status, ...(retryAfter === undefined ? {} : { headers: { "Retry-After": retryAfter } }) });
    case "/held":
      mostUnderWay = Math.max(mostUnderWay, ++underWay);
      await held.promise;
      underWay--;
      return new Response("done");
    default:
      return Response.json({ headers: Object.fromEntries(request.headers), body: await request.text() });
  }
};

beforeAll(() => {
  const serve = (hosts: readonly string[]) => {
    const { cert, key } = authority.issue({ name: "server", usages: ["serverAuth"], hosts });
    return Bun.serve({ hostname: "127.0.0.1", port: 0, tls: { cert, key }, fetch: answer });
  };
  server = serve([name]);
  foreign = serve(["other.example"]);
});
beforeEach(() => {
  hits = 0;
  status = 500;
  retryAfter = undefined;
  held = Promise.withResolvers();
});
afterAll(async () => {
  await Promise.all([server.stop(true), foreign.stop(true)]);
});

let nowMs = Date.parse("2026-01-01T00:00:00Z");
const outside = (more: Partial<OutsideOptions> = {}): Outside =>
  new Outside({
    allow: [`https://${name}:${server.port}`, `https://${name}:${foreign.port}`, `https://${name}:1`],
    ca: authority.cert,
    lookup: () => Promise.resolve(["127.0.0.1"]),
    clock: () => nowMs,
    ...more,
  });
const asker = (more: Partial<Asker> = {}): Asker => ({
  tenant: "acme",
  environment: "live",
  signal: new AbortController().signal,
  ...more,
});
const at = (path: string, port = server.port): string => `https://${name}:${port}${path}`;

const outcome = async (asked: Outside, url: string, init?: OutsideInit, from = asker()): Promise<string> => {
  try {
    return String((await asked.fetch(from, url, init)).status);
  } catch (error) {
    if (!(error instanceof OutboundError)) return String(error);
    expect(error.message).not.toContain(inside);
    return error.fault;
  }
};

describe("SECURITY 60: a party that lies", () => {
  test.each<[what: string, path: string, fault: string, init: OutsideInit]>([
    ["an answer that says it is larger than agreed", "/large", "too_large", { bytesMax: 1_024 }],
    ["an answer that does not end", "/endless", "too_large", { bytesMax: 4_096 }],
    ["an answer that comes drop by drop", "/drip", "timed_out", { timeoutMs: 200 }],
    ["no answer", "/slow", "timed_out", { timeoutMs: 100 }],
    ["a redirect", "/redirect", "redirected", {}],
    ["an encoding nobody asked for", "/zipped", "encoded", {}],
    ["an error", "/status", "500", {}],
    ["all is well", "/", "200", {}],
  ])("%s: %s → %s", async (_, path, fault, init) => {
    expect(await outcome(outside(), at(path), init)).toBe(fault);
    held.resolve();
  });

  test("a certificate of another name, nobody there, an address of the inner network", async () => {
    expect(await outcome(outside(), at("/", foreign.port))).toBe("certificate");
    expect(await outcome(outside(), at("/", 1))).toBe("unreachable");
    expect(await outcome(outside(), "https://10.0.0.1/")).toBe("refused_url");
    expect(await outcome(outside(), "https://inside.example/")).toBe("refused_address");
    expect(await outcome(outside(), "no address")).toBe("refused_url");
  });

  test("bounds beyond the greatest are a mistake of the service", async () => {
    expect(await outcome(outside(), at("/"), { timeoutMs: 120_001 })).toContain("RangeError");
    expect(await outcome(outside(), at("/"), { bytesMax: 0 })).toContain("RangeError");
    expect(hits).toBe(0);
  });
});

describe("SECURITY 60: a party that fails is left alone", () => {
  test("after five failures in a row, for ever longer; one request tries", async () => {
    const asked = outside();
    for (let count = 0; count < partyLimits.failuresMax; count++) expect(await outcome(asked, at("/status"))).toBe("500");
    expect(await outcome(asked, at("/status"))).toBe("resting");
    // Another environment, and another origin, are other parties.
    expect(await outcome(asked, at("/"), {}, asker({ environment: "sandbox" }))).toBe("200");
    expect(await outcome(asked, at("/", foreign.port))).toBe("certificate");
    hits = 0;
    for (const restMs of [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]) {
      nowMs += restMs - 1;
      expect(await outcome(asked, at("/status"))).toBe("resting");
      nowMs += 1;
      const both = await Promise.all([outcome(asked, at("/status")), outcome(asked, at("/status"))]);
      expect(both.toSorted()).toEqual(["500", "resting"]);
    }
    expect(hits).toBe(8);
    nowMs += partyLimits.restMsMax;
    status = 200;
    expect(await outcome(asked, at("/status"))).toBe("200");
    expect(await outcome(asked, at("/status"))).toBe("200");
  });

  test.each([
    ["429", "30", 30_000],
    ["503", "30", 30_000],
    ["503", "99999999", partyLimits.retryAfterMsMax],
  ])("%s with Retry-After: %s is heeded", async (given, after, restMs) => {
    const asked = outside();
    [status, retryAfter] = [Number(given), after];
    expect(await outcome(asked, at("/status"))).toBe(given);
    nowMs += restMs - 1;
    expect(await outcome(asked, at("/status"))).toBe("resting");
    nowMs += 1;
    expect(await outcome(asked, at("/"))).toBe("200");
  });

  test("Retry-After: seconds, or a date; nothing else", () => {
    expect(retryAfterMs("2", 0)).toBe(2_000);
    expect(retryAfterMs("Thu, 01 Jan 1970 00:00:09 GMT", 0)).toBe(9_000);
    expect(retryAfterMs("Thu, 01 Jan 1970 00:00:09 GMT", 60_000)).toBe(0);
    for (const odd of [null, "", "soon", "-1", "1e9"]) expect(retryAfterMs(odd, 0)).toBeUndefined();
  });

  test("so many at once; the others wait, and one that is given up waits no more", async () => {
    const asked = outside();
    const ending = new AbortController();
    const last = outcomes(asked, partyLimits.atOnceMax * 2);
    const given = outcome(asked, at("/held"), {}, asker({ signal: ending.signal }));
    while (underWay < partyLimits.atOnceMax) await Bun.sleep(2);
    ending.abort(new Error("given up"));
    expect(await given).toContain("given up");
    held.resolve();
    expect(await last).toEqual(Array.from({ length: partyLimits.atOnceMax * 2 }, () => "200"));
    expect(mostUnderWay).toBe(partyLimits.atOnceMax);
    expect(hits).toBe(partyLimits.atOnceMax * 2);
  });
});

const outcomes = (asked: Outside, count: number): Promise<string[]> =>
  Promise.all(Array.from({ length: count }, () => outcome(asked, at("/held"))));

describe("SECURITY 59: secrets", () => {
  const secrets = () => [
    { name: "post", origin: `https://${name}:${server.port}`, tenant: "acme", value: "s3cret" },
    { name: "shared", origin: `https://${name}:${server.port}`, value: "for all" },
  ];

  test("go along to their origin, in the header that is asked for", async () => {
    const asked = outside({ secrets: secrets() });
    const shown = async (secret: NonNullable<OutsideInit["secret"]>): Promise<unknown> =>
      ((await (await asked.fetch(asker(), at("/"), { secret })).json()) as { headers: unknown }).headers;
    expect(await shown({ name: "post" })).toMatchObject({ authorization: "Bearer s3cret" });
    expect(await shown({ name: "post", header: "x-api-key" })).toMatchObject({ "x-api-key": "s3cret" });
    expect(await shown({ name: "shared", header: "authorization", prefix: "Key " })).toMatchObject({
      authorization: "Key for all",
    });
  });

  test("are not another tenant's, do not go elsewhere, and are not made up", async () => {
    const asked = outside({ secrets: secrets() });
    const init = { secret: { name: "post" } };
    expect(await outcome(asked, at("/"), init, asker({ tenant: "other" }))).toBe("no_secret");
    expect(await outcome(asked, at("/", foreign.port), init)).toBe("no_secret");
    expect(await outcome(asked, at("/"), { secret: { name: "none" } })).toBe("no_secret");
    expect(hits).toBe(0);
  });
});

test("what a demonstration plays is asked in place of the origin", async () => {
  const asked = outside({
    understudies: new Map([
      ["https://post.example", async (request) => new Response(`${request.method} ${await request.text()}`)],
    ]),
  });
  expect(await (await asked.fetch(asker(), "https://post.example/x", { method: "POST", body: "hello" })).text()).toBe(
    "POST hello",
  );
});
