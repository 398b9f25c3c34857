/** Requests to addresses that others have given: what is refused before a connection is made, and what of an answer is taken. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createGuardedFetch, type GuardedInit, type GuardOptions, OutboundError } from "../../src/outbound/index.ts";
import { CertificateAuthority } from "./certificate-authority.ts";

const authority = new CertificateAuthority("outside");
const name = "hooks.example.com";
const seen: { path: string; host: string | null; encoding: string | null }[] = [];
let server: Bun.Server<undefined>;
let foreign: Bun.Server<undefined>;
let redirectedHits = 0;

const endless = (): Response => {
  const chunk = new Uint8Array(1024);
  return new Response(new ReadableStream({ pull: (controller) => controller.enqueue(chunk) }));
};

const answer = async (request: Request): Promise<Response> => {
  const { pathname } = new URL(request.url);
  seen.push({ path: pathname, host: request.headers.get("host"), encoding: request.headers.get("accept-encoding") });
  switch (pathname) {
    case "/redirect":
      return new Response(null, { status: 302, headers: { Location: "/target" } });
    case "/target":
      redirectedHits++;
      return new Response("inside");
    case "/large":
      return new Response("x".repeat(4096));
    case "/endless":
      return endless();
    case "/slow":
      await Bun.sleep(2_000);
      return new Response("late");
    case "/drip":
      return new Response(
        new ReadableStream({
          async pull(controller) {
            await Bun.sleep(50);
            controller.enqueue(new Uint8Array(1));
          },
        }),
      );
    case "/zipped":
      return new Response(Bun.gzipSync(new Uint8Array(1024 * 1024)), { headers: { "Content-Encoding": "gzip" } });
    default:
      return new Response(await request.text(), { status: 202, headers: { "X-Method": request.method } });
  }
};

beforeAll(() => {
  const serve = (hosts: readonly string[]) => {
    const { cert, key } = authority.issue({ name: "server", usages: ["serverAuth"], hosts });
    return Bun.serve({ hostname: "127.0.0.1", port: 0, tls: { cert, key }, fetch: answer });
  };
  server = serve([name]);
  foreign = serve(["other.example.com"]);
});
afterAll(async () => {
  await Promise.all([server.stop(true), foreign.stop(true)]);
});

const policy = (more: Partial<GuardOptions> = {}): GuardOptions => ({
  allow: [`https://${name}:${server.port}`, `https://${name}:${foreign.port}`],
  ca: authority.cert,
  lookup: () => Promise.resolve(["127.0.0.1"]),
  ...more,
});
const at = (path: string, port = server.port): string => `https://${name}:${port}${path}`;

/** The fault of a request, or what it was answered. */
const outcome = async (url: string, options: GuardOptions, init?: GuardedInit): Promise<string> => {
  try {
    return await (await createGuardedFetch(options)(url, init)).text();
  } catch (error) {
    return error instanceof OutboundError ? error.fault : String(error);
  }
};

/** A resolver that must not be asked. */
const unasked = (): Promise<never> => Promise.reject(new Error("looked up"));

describe("SECURITY 59: addresses", () => {
  test.each([
    ["another scheme", "http://example.com/"],
    ["file:", "file:///etc/passwd"],
    ["gopher:", "gopher://example.com:70/_x"],
    ["data:", "data:text/plain,hello"],
    ["a user", "https://user@example.com/"],
    ["a user and password", "https://user:password@example.com/"],
    ["an empty user", "https://@example.com/"],
    ["a host in the place of the user", "https://example.com@127.0.0.1/"],
    ["another port", "https://example.com:8443/"],
    ["port 22", "https://example.com:22/"],
    ["port 0", "https://example.com:0/"],
    ["an address", "https://93.184.216.34/"],
    ["loopback", "https://127.0.0.1/"],
    ["loopback, short", "https://127.1/"],
    ["loopback, decimal", "https://2130706433/"],
    ["loopback, hex", "https://0x7f000001/"],
    ["loopback, hex in parts", "https://0x7f.0x0.0x0.0x1/"],
    ["loopback, octal", "https://0177.0.0.1/"],
    ["loopback, full-width digits", "https://１２７.0.0.1/"],
    ["loopback, ideographic dots", "https://127。0。0。1/"],
    ["loopback, escaped", "https://%31%32%37.0.0.1/"],
    ["loopback, a dot at the end", "https://127.0.0.1./"],
    ["this host", "https://0.0.0.0/"],
    ["this host, short", "https://0/"],
    ["metadata of clouds", "https://169.254.169.254/latest/meta-data/"],
    ["IPv6 loopback", "https://[::1]/"],
    ["IPv6 unspecified", "https://[::]/"],
    ["IPv4 in IPv6", "https://[::ffff:127.0.0.1]/"],
    ["IPv4 in IPv6, hex", "https://[::ffff:7f00:1]/"],
    ["unique local", "https://[fd00::1]/"],
    ["link-local", "https://[fe80::1]/"],
    ["localhost", "https://localhost/"],
    ["localhost with a dot", "https://localhost./"],
    ["below localhost", "https://a.localhost/"],
    ["one label", "https://intranet/"],
    ["a name of the inside", "https://db.internal/"],
    ["a name of the link", "https://printer.local/"],
    ["white space", "https://exam\tple.com/"],
    ["a line break", "https://example.com/\r\nHost: inside"],
    ["a backslash", "https:\\\\example.com\\x"],
    ["no URL", "example.com"],
    ["nothing", ""],
    ["more than 2,048 characters", `https://example.com/${"a".repeat(2_048)}`],
  ])("%s is refused without a look-up", async (_, url) => {
    expect(await outcome(url, { lookup: unasked })).toBe("refused_url");
  });

  test.each([
    ["10.0.0.1"],
    ["100.64.0.1"],
    ["127.0.0.1"],
    ["169.254.169.254"],
    ["172.16.0.1"],
    ["192.168.0.1"],
    ["0.0.0.0"],
    ["224.0.0.1"],
    ["::1"],
    ["::ffff:10.0.0.1"],
    ["64:ff9b::7f00:1"],
    ["2002:7f00:1::"],
    ["fc00::1"],
    ["fe80::1"],
    ["not an address"],
  ])("a public name that leads to %s is refused", async (address) => {
    const connections = seen.length;
    expect(await outcome("https://example.com/", { lookup: () => Promise.resolve([address]) })).toBe("refused_address");
    expect(await outcome("https://example.com/", { lookup: () => Promise.resolve(["8.8.8.8", address]) })).toBe(
      "refused_address",
    );
    expect(seen.length).toBe(connections);
  });

  test("a name without an address", async () => {
    expect(await outcome("https://example.com/", { lookup: () => Promise.resolve([]) })).toBe("unresolved");
    expect(await outcome("https://example.com/", { lookup: unasked })).toBe("unresolved");
  });

  test("rebinding: the name is looked up once, and what was checked is connected to", async () => {
    let lookups = 0;
    const lookup = (): Promise<readonly string[]> => Promise.resolve(lookups++ === 0 ? ["127.0.0.1"] : ["10.0.0.1"]);
    expect(await outcome(at("/echo"), policy({ lookup }), { method: "POST", body: "hello" })).toBe("hello");
    expect(lookups).toBe(1);
    // The name is nobody's here: only the address that was looked up can have been connected to.
    expect(seen.at(-1)).toEqual({ path: "/echo", host: `${name}:${server.port}`, encoding: "identity" });
  });

  test("the next address when the first refuses", async () => {
    const lookup = () => Promise.resolve(["127.0.0.2", "127.0.0.1"]);
    expect(await outcome(at("/echo"), policy({ lookup }), { method: "POST", body: "hello" })).toBe("hello");
  });

  test("the certificate must be the name's", async () => {
    expect(await outcome(at("/echo", foreign.port), policy())).toBe("certificate");
  });

  test("the certificate must be of an authority that is trusted", async () => {
    const { ca: _, ...usual } = policy();
    expect(await outcome(at("/echo"), usual)).toBe("certificate");
  });

  test("a redirect is not followed", async () => {
    expect(await outcome(at("/redirect"), policy())).toBe("redirected");
    expect(redirectedHits).toBe(0);
  });

  test("headers of the caller cannot change where it goes", async () => {
    const headers = { Host: "inside.example", "Accept-Encoding": "gzip", Connection: "upgrade", Upgrade: "h2c" };
    await outcome(at("/echo"), policy(), { headers });
    expect(seen.at(-1)).toEqual({ path: "/echo", host: `${name}:${server.port}`, encoding: "identity" });
  });

  test("no proxy of the environment is used", async () => {
    const before = { ...process.env };
    process.env["HTTPS_PROXY"] = "http://127.0.0.1:9";
    process.env["HTTP_PROXY"] = "http://127.0.0.1:9";
    try {
      expect(await outcome(at("/echo"), policy(), { method: "POST", body: "direct" })).toBe("direct");
    } finally {
      for (const variable of ["HTTPS_PROXY", "HTTP_PROXY"])
        if (before[variable] === undefined) delete process.env[variable];
        else process.env[variable] = before[variable];
    }
  });
});

describe("SECURITY 59: answers", () => {
  test("a body that says it is too large", async () => {
    expect(await outcome(at("/large"), policy(), { bytesMax: 4095 })).toBe("too_large");
    expect(await outcome(at("/large"), policy(), { bytesMax: 4096 })).toHaveLength(4096);
  });

  test("a body without an end", async () => {
    expect(await outcome(at("/endless"), policy(), { bytesMax: 65_536 })).toBe("too_large");
  });

  test("an answer that does not come", async () => {
    const started = performance.now();
    expect(await outcome(at("/slow"), policy(), { timeoutMs: 150 })).toBe("timed_out");
    expect(performance.now() - started).toBeLessThan(1_500);
  });

  test("a body that comes byte by byte", async () => {
    const started = performance.now();
    expect(await outcome(at("/drip"), policy(), { timeoutMs: 300 })).toBe("timed_out");
    expect(performance.now() - started).toBeLessThan(1_500);
  });

  test("a look-up that does not end", async () => {
    const lookup = () => new Promise<never>(() => {});
    expect(await outcome(at("/echo"), policy({ lookup }), { timeoutMs: 100 })).toBe("timed_out");
  });

  test("a compressed body, which may be a bomb", async () => {
    expect(await outcome(at("/zipped"), policy())).toBe("encoded");
  });

  test("nobody listens", async () => {
    expect(await outcome(at("/echo"), policy({ lookup: () => Promise.resolve(["127.0.0.3"]) }))).toBe("unreachable");
  });

  test("the caller's signal ends it, with the caller's reason", async () => {
    const reason = new Error("no longer wanted");
    const controller = new AbortController();
    setTimeout(() => controller.abort(reason), 50);
    expect(await outcome(at("/slow"), policy(), { signal: controller.signal })).toBe(String(reason));
  });

  test("so many at the same time; what is left unread makes room when its time has passed", async () => {
    const guarded = createGuardedFetch(policy({ inFlightMax: 2 }));
    const unread = await Promise.all([guarded(at("/endless"), { timeoutMs: 300 }), guarded(at("/endless"), { timeoutMs: 300 })]);
    expect(unread.map(({ status }) => status)).toEqual([200, 200]);
    const refused = await guarded(at("/echo")).catch((error: unknown) => error);
    expect(refused).toMatchObject({ fault: "busy" });
    await Bun.sleep(400);
    const answered = await guarded(at("/echo"), { method: "PUT", body: "room" });
    expect([answered.status, answered.headers.get("x-method"), await answered.text()]).toEqual([202, "PUT", "room"]);
  });
});
