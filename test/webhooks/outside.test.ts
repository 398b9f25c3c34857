/** Addresses that others give, and what their servers answer: nothing of ours is reached by them, and nothing they do does harm. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createGuardedFetch, type Lookup } from "../../src/outbound/index.ts";
import { type Data, dataOf, forEachEngine, outcomeOf } from "../core/harness.ts";
import { CertificateAuthority } from "../security/certificate-authority.ts";
import { testDatabases } from "../postgres/index.ts";
import { type Office, openOffice } from "./office.ts";
import { answering } from "./receiver.ts";

const types = ["letters.swept"];

/** An address that leads inside, in every notation. */
const inside: readonly (readonly [string, string])[] = [
  ["http", "http://hooks.example.com/in"],
  ["file", "file:///etc/passwd"],
  ["gopher", "gopher://hooks.example.com/_x"],
  ["a port of its own", "https://hooks.example.com:8443/in"],
  ["port 22", "https://hooks.example.com:22/in"],
  ["a user", "https://user@hooks.example.com/in"],
  ["a user and password", "https://user:password@hooks.example.com/in"],
  ["loopback", "https://127.0.0.1/in"],
  ["loopback over http", "http://127.0.0.1:9/in"],
  ["loopback, decimal", "https://2130706433/in"],
  ["loopback, octal", "https://0177.0.0.1/in"],
  ["loopback, hex", "https://0x7f000001/in"],
  ["loopback, short", "https://127.1/in"],
  ["this host", "https://0.0.0.0/in"],
  ["private, RFC 1918", "https://10.0.0.1/in"],
  ["private, RFC 1918", "https://172.16.0.1/in"],
  ["private, RFC 1918", "https://192.168.1.1/in"],
  ["carrier-grade translation", "https://100.64.0.1/in"],
  ["metadata of clouds", "https://169.254.169.254/latest/meta-data/"],
  ["IPv6 loopback", "https://[::1]/in"],
  ["unique local", "https://[fd00::1]/in"],
  ["link-local", "https://[fe80::1]/in"],
  ["IPv4 in IPv6", "https://[::ffff:127.0.0.1]/in"],
  ["localhost", "https://localhost/in"],
  ["one label", "https://intranet/in"],
  ["a name of the inside", "https://db.internal/in"],
];

describe("SECURITY 59: a public name", () => {
  const authority = new CertificateAuthority("hooks");
  const name = "hooks.example.com";
  let office: Office;
  let server: Bun.Server<undefined>;
  let foreign: Bun.Server<undefined>;
  let hits = 0;
  let leadsTo: readonly string[] = ["127.0.0.1"];
  let lookups = 0;
  const lookup: Lookup = () => {
    lookups++;
    return Promise.resolve(leadsTo);
  };

  beforeAll(async () => {
    const serve = (hosts: readonly string[]) => {
      const { cert, key } = authority.issue({ name: "server", usages: ["serverAuth"], hosts });
      return Bun.serve({ hostname: "127.0.0.1", port: 0, tls: { cert, key }, fetch: () => new Response(`hit ${++hits}`) });
    };
    [server, foreign] = [serve([name]), serve(["other.example.com"])];
    const [database] = testDatabases();
    if (database === undefined) throw new Error("there is no database");
    const allow = [`https://${name}:${server.port}`, `https://${name}:${foreign.port}`];
    office = await openOffice(await database.create(), {
      outboundAllow: allow,
      guarded: (url, init) => {
        // The test's own server stands for one of the public internet; every other address is judged as always.
        const isOwn = leadsTo.length === 1 && leadsTo[0] === "127.0.0.1";
        return createGuardedFetch({ ...(isOwn ? { allow } : { ports: [443, server.port ?? 0] }), ca: authority.cert, lookup })(
          url,
          init,
        );
      },
    });
  });
  afterAll(async () => {
    await office[Symbol.asyncDispose]();
    await Promise.all([server.stop(true), foreign.stop(true)]);
  });
  const hookTo = async (port: number | undefined): Promise<string> =>
    (await office.webhook("", { url: `https://${name}:${port}/in`, types })).id;

  test("is resolved once for each delivery and connected to as it was checked; rebound to the inside, nothing is sent", async () => {
    const hook = await hookTo(server.port);
    await office.sweep();
    await office.until(() => hits === 1, "a hit");
    expect(lookups).toBe(1);
    await office.log(hook, ([row]) => row?.["responseStatus"] === 200);
    for (const address of [
      "10.0.0.1",
      "169.254.169.254",
      "127.0.0.53",
      "100.64.0.1",
      "::1",
      "fd00::1",
      "::ffff:10.0.0.1",
      "0.0.0.0",
    ]) {
      leadsTo = address === "::1" ? ["127.0.0.1", address] : [address];
      const before = new Set((await office.log(hook, () => true)).map(({ id }) => id));
      await office.sweep();
      const rows = await office.log(
        hook,
        (found) => found.length > before.size && found.every(({ attempts }) => Number(attempts) > 0),
      );
      const row = rows.find(({ id }) => !before.has(id));
      expect([address, row?.["problem"], row?.["responseStatus"]]).toEqual([address, "address", null]);
      dataOf(await office.call("webhooks.enable", { id: hook, body: { skip: true } }));
      await office.log(hook, (found) => found.every(({ status }) => status !== "waiting"));
    }
    expect(hits).toBe(1);
    leadsTo = ["127.0.0.1"];
    await office.sweep();
    await office.until(() => hits === 2, "another hit");
    dataOf(await office.call("webhooks.pause", { id: hook }));
  });

  test("whose certificate is another's is not delivered to", async () => {
    leadsTo = ["127.0.0.1"];
    const hook = await hookTo(foreign.port);
    await office.sweep();
    const [row] = await office.log(hook, (rows) => typeof rows[0]?.["problem"] === "string");
    expect(row).toMatchObject({ problem: "certificate", responseStatus: null, response: null });
    expect(hits).toBe(2);
  });
});

forEachEngine((engine) => {
  describe("addresses and answers", () => {
    let office: Office;
    beforeAll(async () => void (office = await openOffice(await engine.create())));
    afterAll(() => office[Symbol.asyncDispose]());

    test("SECURITY 59: such an address is neither taken when a webhook is made nor when it is moved", async () => {
      const app = await office.app();
      const hook = await office.webhook("/moved");
      for (const [what, url] of inside) {
        const made = outcomeOf(await office.call("apps.createWebhook", { id: app, body: { service: "post", url } }));
        const moved = outcomeOf(await office.call("webhooks.update", { id: hook.id, body: { url } }));
        // Some are no addresses to begin with: their field refuses them.
        for (const outcome of [made, moved])
          expect([what, outcome]).toEqual([what, expect.stringMatching(/^422 (?:url_not_allowed|validation_failed)$/)]);
      }
      const more = [
        `${office.receiver.origin.replace("127.0.0.1", "127.0.0.2")}/x`,
        `http://127.0.0.1:${Number(new URL(office.receiver.origin).port) ^ 1}/x`,
      ];
      for (const url of more)
        expect(outcomeOf(await office.call("webhooks.update", { id: hook.id, body: { url } }))).toBe("422 url_not_allowed");
      const good = "https://hooks.example.com/in";
      expect(outcomeOf(await office.call("apps.createWebhook", { id: app, body: { service: "post", url: good } }))).toBe("201");
    });

    const chunk = new Uint8Array(65_536).fill(120);
    const endless = (): ReadableStream => new ReadableStream({ pull: (controller) => controller.enqueue(chunk) });
    const dripping = (): ReadableStream =>
      new ReadableStream({
        async pull(controller) {
          await Bun.sleep(100);
          controller.enqueue(new Uint8Array([46]));
        },
      });

    test.each([
      [
        "a redirect, which is not followed",
        () => new Response(null, { status: 302, headers: { Location: "/target" } }),
        "redirected",
        null,
      ],
      [
        "a redirect to the inside",
        () => new Response(null, { status: 307, headers: { Location: "http://169.254.169.254/" } }),
        "redirected",
        null,
      ],
      ["304, which answers nothing that was asked", () => new Response(null, { status: 304 }), "redirected", null],
      ["a body without an end", () => new Response(endless(), { status: 500 }), "status", "x".repeat(500)],
      ["a body that comes byte by byte", () => new Response(dripping(), { status: 500 }), "status", /^\.{1,12}$/],
      [
        "a bomb",
        () => new Response(Bun.gzipSync(new Uint8Array(1e6)), { status: 500, headers: { "Content-Encoding": "gzip" } }),
        "status",
        null,
      ],
      [
        "no text",
        () =>
          new Response(
            Uint8Array.from({ length: 2_000 }, (_, at) => at % 256),
            { status: 400 },
          ),
        "status",
        null,
      ],
      ["line ends and escapes", () => new Response("a\r\nX: b\u001B[2Jc\u2028d\0", { status: 400 }), "status", "a X: b [2Jc d"],
      ["a status of none", () => new Response("?", { status: 299 }), null, null],
      ["nothing at all", () => new Response(null, { status: 204 }), null, null],
      ["a taken event with an endless body", () => new Response(endless(), { status: 200 }), null, null],
    ] as const)("SECURITY 60: a receiver that lies: %s", async (what, answer, problem, response) => {
      const path = `/${what.replaceAll(/\W+/g, "-")}`;
      office.receiver.answers.set(path, () => answer());
      const hook = await office.webhook(path, { types });
      await office.sweep();
      const [row] = await office.log(hook.id, (rows) => Number(rows[0]?.["attempts"]) > 0);
      expect(row).toMatchObject({ problem, status: problem === null ? "delivered" : "waiting" });
      if (response instanceof RegExp) expect(row?.["response"]).toMatch(response);
      else expect(row?.["response"]).toBe(response);
      expect(office.receiver.at("/target")).toEqual([]);
      dataOf(await office.call("webhooks.pause", { id: hook.id }));
    });

    test("SECURITY 60: nobody listens; the connection is cut", async () => {
      const closed = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() });
      const url = `http://127.0.0.1:${closed.port}/`;
      await closed.stop(true);
      const cutter = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: (socket) => socket.terminate() } });
      const cut = `http://127.0.0.1:${cutter.port}/`;
      await office.restart({ outboundAllow: [office.receiver.origin, new URL(url).origin, new URL(cut).origin] });
      await office.until(async () => {
        const app = await office.app();
        return outcomeOf(await office.call("apps.createWebhook", { id: app, body: { service: "post", url, types } })) === "201";
      });
      const hook = await office.webhook("", { url: cut, types });
      await office.sweep();
      const [row] = await office.log(hook.id, (rows) => Number(rows[0]?.["attempts"]) > 0);
      expect(row).toMatchObject({ problem: "unreachable", responseStatus: null });
      await office.until(async () => {
        const rows = dataOf(await office.call("webhookDeliveries.list")) as unknown as readonly Data[];
        return rows.filter((one) => one["problem"] === "unreachable").length >= 2;
      }, "both in the log");
      cutter.stop(true);
    });

    test("SECURITY 46: what it says is data; the next delivery has the headers it should", async () => {
      office.receiver.answers.set("/evil", answering(500, { "Retry-After": "x", "Set-Cookie": "a=b" }, "\r\nwebhook-id: forged"));
      const hook = await office.webhook("/evil", { types, description: "x\r\nevil: 1" });
      await office.sweep();
      await office.log(hook.id, (rows) => rows[0]?.["attempts"] === 1);
      office.pass(10_000);
      const [, again] = await office.receiver.wait("/evil", 2);
      expect(Object.keys(again?.headers ?? {}).toSorted()).toEqual(
        [
          "accept",
          "accept-encoding",
          "connection",
          "content-length",
          "content-type",
          "host",
          "user-agent",
          "webhook-id",
          "webhook-signature",
          "webhook-timestamp",
        ].toSorted(),
      );
      expect(JSON.stringify(await office.row(hook.id))).not.toContain("forged");
      expect(office.errors).toEqual([]);
    });
  });
});
