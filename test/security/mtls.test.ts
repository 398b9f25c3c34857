/** Clients with certificates: who gets in, and that a token which is bound to a certificate counts only with it. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { connect as connectHttp2 } from "node:http2";
import { connect as connectTcp } from "node:net";
import { connect as connectTls } from "node:tls";
import { listenMtls, type MtlsListening, type MtlsOptions, type MtlsPeer } from "../../src/host/mtls.ts";
import { CertificateAuthority, type Issued } from "./certificate-authority.ts";

const hourMs = 3_600_000;
const clients = new CertificateAuthority("clients");
const others = new CertificateAuthority("others");
const servers = new CertificateAuthority("servers");
const good = clients.issue({ name: "app", usages: ["clientAuth"] });
const serverCertificate = servers.issue({ name: "server", usages: ["serverAuth"], hosts: ["localhost", "127.0.0.1"] });

let mtls: MtlsListening;
/** Milliseconds by which the server's clock is ahead. */
let aheadMs = 0;
const seen: { peer: MtlsPeer; headers: Record<string, string>; aborted: Promise<void> }[] = [];
const errors: unknown[] = [];

const handle: MtlsOptions["handle"] = async (request, peer) => {
  const aborted = new Promise<void>((resolve) => request.signal.addEventListener("abort", () => resolve()));
  seen.push({ peer, headers: Object.fromEntries(request.headers), aborted });
  const { pathname } = new URL(request.url);
  switch (pathname) {
    case "/digest": {
      const hash = createHash("sha256");
      for await (const chunk of request.body ?? []) hash.update(chunk);
      return new Response(hash.digest("hex"));
    }
    case "/echo":
      return new Response(request.body);
    case "/hang":
      return new Promise<never>(() => {});
    case "/fail":
      throw new Error("a mistake");
    default:
      return Response.json({ method: request.method, path: pathname });
  }
};

const options = (more: Partial<MtlsOptions> = {}): MtlsOptions => ({
  host: "127.0.0.1",
  port: 0,
  ...serverCertificate,
  ca: clients.cert,
  handle,
  onError: (error) => errors.push(error),
  clock: () => Date.now() + aheadMs,
  ...more,
});

beforeAll(async () => {
  mtls = await listenMtls(options());
});
afterAll(async () => {
  expect(await mtls.stop({ withinMs: 2_000 })).toBe(true);
});
beforeEach(() => {
  aheadMs = 0;
  seen.length = 0;
});

const url = (path: string, { port } = mtls): string => `https://127.0.0.1:${port}${path}`;
const request = (path: string, client?: Pick<Issued, "cert" | "key">, init: BunFetchRequestInit = {}): Promise<Response> =>
  fetch(url(path), { ...init, keepalive: false, tls: { ca: servers.cert, ...(client === undefined ? {} : pair(client)) } });
const pair = ({ cert, key }: Pick<Issued, "cert" | "key">) => ({ cert, key });

/** `refused`, when nothing is answered. */
const outcome = async (client?: Issued): Promise<string> => {
  try {
    return String((await request("/", client)).status);
  } catch {
    return "refused";
  }
};

/** Everything that comes for these bytes on one connection with the good certificate. */
const raw = (bytes: string, listening = mtls): Promise<string> =>
  new Promise((resolve, reject) => {
    const { port } = listening;
    const socket = connectTls({ host: "127.0.0.1", port, ca: servers.cert, ...pair(good), ALPNProtocols: ["http/1.1"] }, () =>
      socket.write(bytes),
    );
    let answer = "";
    socket.on("data", (chunk: Buffer) => (answer += chunk.toString("latin1")));
    socket.on("error", reject);
    socket.on("close", () => resolve(answer));
  });

describe("SECURITY 11: certificates", () => {
  test("a good one is let in and told to the handler", async () => {
    expect(await outcome(good)).toBe("200");
    const { peer } = seen[0]!;
    expect(peer).toMatchObject({ address: "127.0.0.1", certificate: { fingerprint256: good.fingerprint256, subject: "CN=app" } });
    expect(Math.abs(peer.certificate.validTo - Date.now() - 24 * hourMs)).toBeLessThan(hourMs);
  });

  test.each<[string, Issued | undefined]>([
    ["none", undefined],
    ["one of another authority", others.issue({ name: "app", usages: ["clientAuth"] })],
    [
      "an expired one",
      clients.issue({ name: "app", usages: ["clientAuth"], fromMs: Date.now() - 2 * hourMs, untilMs: Date.now() - hourMs }),
    ],
    [
      "one that is not valid yet",
      clients.issue({ name: "app", usages: ["clientAuth"], fromMs: Date.now() + hourMs, untilMs: Date.now() + 2 * hourMs }),
    ],
    ["one for servers", clients.issue({ name: "app", usages: ["serverAuth"], hosts: ["localhost"] })],
    ["one without a usage", clients.issue({ name: "app" })],
    ["one of another authority with the same name", impostor()],
    ["one signed by a client's", signedByClient()],
  ])("%s is refused before a request", async (_, client) => {
    expect(await outcome(client)).toBe("refused");
    expect(seen).toEqual([]);
  });

  test("somebody else's certificate without its key", async () => {
    const { key } = clients.issue({ name: "other", usages: ["clientAuth"] });
    expect(await outcome({ ...good, key })).toBe("refused");
    expect(seen).toEqual([]);
  });

  test("one that expires while its connection is open is answered 401", async () => {
    const session = connectHttp2(url(""), { ca: servers.cert, ...pair(good) });
    const status = (): Promise<number> =>
      new Promise((resolve, reject) => {
        const stream = session.request({ ":path": "/" });
        stream.on("response", (headers) => resolve(Number(headers[":status"])));
        stream.on("error", reject);
        stream.resume();
      });
    expect(await status()).toBe(200);
    aheadMs = 25 * hourMs;
    expect(await status()).toBe(401);
    session.close();
    expect(seen).toHaveLength(1);
  });

  test("headers that claim a certificate are ignored and removed", async () => {
    const headers = {
      "Client-Cert": ":MIIB:",
      "Client-Cert-Chain": ":MIIB:",
      "X-SSL-Client-Verify": "SUCCESS",
      "X-SSL-Client-S-DN": "CN=admin",
      "X-Forwarded-Client-Cert": "Hash=00",
      "X-Forwarded-Tls-Client-Cert": "MIIB",
      "SSL-Client-Cert": "MIIB",
      "X-Amzn-Mtls-Clientcert": "MIIB",
      "X-Client-Certain": "kept",
    };
    expect((await request("/", good, { headers })).status).toBe(200);
    const [{ peer, headers: left }] = seen as [(typeof seen)[0]];
    expect(peer.certificate.fingerprint256).toBe(good.fingerprint256);
    expect(Object.keys(left).filter((name) => /cert|ssl|tls/.test(name))).toEqual(["x-client-certain"]);
    expect(await request("/", undefined, { headers }).then(String, () => "refused")).toBe("refused");
  });

  test("two connections at the same time are not taken for one another", async () => {
    const many = Array.from({ length: 20 }, (_, at) => clients.issue({ name: `app-${at}`, usages: ["clientAuth"] }));
    await Promise.all([...many, ...many].map((client, at) => request(`/${at}`, client)));
    const subjects = seen.map(({ peer }) => peer.certificate.subject).toSorted();
    expect(subjects).toEqual([...many, ...many].map((_, at) => `CN=app-${at % 20}`).toSorted());
    expect(new Set(seen.map(({ peer }) => peer.certificate.fingerprint256)).size).toBe(20);
  });

  test("the way around TLS, by the port behind it, leads nowhere", async () => {
    let inner = 0;
    const listening = await listenMtls(
      options({
        handle: (_, __, server) => {
          inner = server.port ?? 0;
          return new Response();
        },
      }),
    );
    const answer = await fetch(url("/", listening), { tls: { ca: servers.cert, ...pair(good) }, keepalive: false });
    expect(answer.status).toBe(200);
    expect((await fetch(`http://127.0.0.1:${inner}/`)).status).toBe(421);
    expect(await listening.stop({ withinMs: 1_000 })).toBe(true);
  });
});

describe("requests over mutual TLS", () => {
  test("a large body both ways, over HTTP/1.1 and HTTP/2", async () => {
    const body = crypto.getRandomValues(new Uint8Array(65_536)).toHex().repeat(64);
    expect(await (await request("/digest", good, { method: "POST", body })).text()).toBe(
      createHash("sha256").update(body).digest("hex"),
    );
    expect(await (await request("/echo", good, { method: "PUT", body })).text()).toBe(body);
    const session = connectHttp2(url(""), { ca: servers.cert, ...pair(good) });
    const stream = session.request({ ":method": "POST", ":path": "/echo" });
    stream.end(body);
    const chunks = await Array.fromAsync(stream as AsyncIterable<Buffer>);
    session.close();
    expect(Buffer.concat(chunks).toString()).toBe(body);
  });

  test("a client that reads slowly gets everything, also of the last answer of its connection", async () => {
    const body = "x".repeat(8 * 1024 * 1024);
    const listening = await listenMtls(options({ handle: () => new Response(body) }));
    const { port } = listening;
    const answer = await new Promise<string>((resolve, reject) => {
      const socket = connectTls({ host: "127.0.0.1", port, ca: servers.cert, ...pair(good) }, () => {
        socket.write("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        socket.pause();
        setTimeout(() => socket.resume(), 500);
      });
      let text = "";
      socket.on("data", (chunk: Buffer) => (text += chunk.toString("latin1")));
      socket.on("error", reject);
      socket.on("close", () => resolve(text));
    });
    expect(answer.length - answer.indexOf("\r\n\r\n") - 4).toBe(body.length);
    expect(await listening.stop({ withinMs: 1_000 })).toBe(true);
  });

  test("a client that goes away is told by the signal", async () => {
    const controller = new AbortController();
    const asked = request("/hang", good, { signal: controller.signal }).catch((error: unknown) => error);
    while (seen.length === 0) await Bun.sleep(5);
    controller.abort();
    await asked;
    await seen[0]?.aborted;
  });

  test("what the handler throws is ours", async () => {
    const answer = await request("/fail", good);
    expect([answer.status, ((await answer.json()) as { error: { type: string } }).error.type]).toEqual([500, "internal"]);
    expect(String(errors.pop())).toContain("a mistake");
  });

  test("two lengths, a length and chunks: refused, and the connection ends", async () => {
    for (const headers of ["Content-Length: 2\r\nContent-Length: 3", "Content-Length: 2\r\nTransfer-Encoding: chunked"])
      expect(
        await raw(`POST / HTTP/1.1\r\nHost: a\r\n${headers}\r\n\r\nab\r\nGET /second HTTP/1.1\r\nHost: a\r\n\r\n`),
      ).toStartWith("HTTP/1.1 400");
    expect(seen).toEqual([]);
  });

  test("who only connects is cut off, and so is who is one too many", async () => {
    const listening = await listenMtls(options({ limits: { handshakeMs: 200, connectionsMax: 2 } }));
    const silent = (): Promise<number> =>
      new Promise((resolve) => {
        const started = performance.now();
        const socket = connectTcp(listening.port, "127.0.0.1");
        socket.on("error", () => {});
        socket.on("close", () => resolve(performance.now() - started));
      });
    const [first, second, third] = await Promise.all([silent(), silent(), silent()]);
    expect(Math.min(first, second)).toBeGreaterThan(150);
    expect(Math.max(first, second)).toBeLessThan(5_000);
    expect(third).toBeLessThan(150);
    const answer = await fetch(url("/", listening), { tls: { ca: servers.cert, ...pair(good) }, keepalive: false });
    expect(answer.status).toBe(200);
    expect(await listening.stop({ withinMs: 1_000 })).toBe(true);
    expect(listening.connections()).toBe(0);
  });

  test("stopping waits for what is under way, and cuts it off when that takes too long", async () => {
    const listening = await listenMtls(options());
    const asked = fetch(url("/hang", listening), { tls: { ca: servers.cert, ...pair(good) } }).then(String, () => "cut off");
    while (listening.pending() === 0) await Bun.sleep(5);
    expect(await listening.stop({ withinMs: 100 })).toBe(false);
    expect(await asked).toBe("cut off");
  });

  test("a port that is taken, authorities that are none", async () => {
    const spoilt = clients.cert.replace("MII", "AAA");
    const outcomes = [{ port: mtls.port }, { ca: "" }, { ca: spoilt }].map((wrong) =>
      listenMtls(options(wrong)).catch((error: unknown) => error),
    );
    expect(await Promise.all(outcomes)).toMatchObject([
      { name: "StartError", code: "unavailable" },
      { name: "StartError", code: "configuration" },
      { name: "StartError", code: "configuration" },
    ]);
  });
});

/** By an authority of the same name with another key. */
function impostor(): Issued {
  return new CertificateAuthority("clients").issue({ name: "app", usages: ["clientAuth"] });
}

/** A client's certificate is no authority: what it signs counts for nothing, also with the client's own shown beside it. */
function signedByClient(): Issued {
  const leaf = new CertificateAuthority("app", good).issue({ name: "forged", usages: ["clientAuth"] });
  return { ...leaf, cert: leaf.cert + good.cert };
}
