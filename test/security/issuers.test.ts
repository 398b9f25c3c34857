/** Tokens of an issuer outside, from its discovery to the connection they come on: real servers, real certificates. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { listenMtls, type MtlsListening } from "../../src/host/mtls.ts";
import { createGuardedFetch, OutboundError } from "../../src/outbound/index.ts";
import {
  AccessTokens,
  DpopVerifier,
  type ExternalIssuer,
  refusalOf,
  TokenVerifier,
} from "../../src/pipeline/identity/token/index.ts";
import { CertificateAuthority } from "./certificate-authority.ts";
import { TestIssuer, TestKey } from "./token-maker.ts";

const authority = new CertificateAuthority("everybody");
const name = "login.example.com";
const client = authority.issue({ name: "app", usages: ["clientAuth"] });
const other = authority.issue({ name: "other", usages: ["clientAuth"] });
const audience = "https://api.example.com";
let provider: Bun.Server<undefined>;
let issuer: TestIssuer;
let api: MtlsListening;
let jwksUri = "";
const failures: unknown[] = [];

beforeAll(async () => {
  const { cert, key } = authority.issue({ name: "provider", usages: ["serverAuth"], hosts: [name] });
  provider = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    tls: { cert, key },
    fetch(request) {
      const { pathname } = new URL(request.url);
      if (pathname === "/.well-known/openid-configuration") return Response.json({ issuer: issuer.issuer, jwks_uri: jwksUri });
      return pathname === "/keys" ? Response.json(issuer.jwks) : new Response(null, { status: 404 });
    },
  });
  const origin = `https://${name}:${provider.port}`;
  issuer = new TestIssuer(origin, [new TestKey("ES256")]);
  jwksUri = `${origin}/keys`;
  api = await listenMtls({
    host: "127.0.0.1",
    port: 0,
    ...authority.issue({ name: "api", usages: ["serverAuth"], hosts: ["127.0.0.1"] }),
    ca: authority.cert,
    onError: (error) => failures.push(error),
    async handle(request, { certificate }) {
      const token = (request.headers.get("authorization") ?? "").replace(/^Bearer /, "");
      const checked = await tokens.check({ token, scheme: "Bearer", certificate: certificate.fingerprint256 });
      if (checked.ok) return Response.json(checked);
      const { status, details } = refusalOf(checked);
      return Response.json({ reason: details?.["reason"] }, { status });
    },
  });
});
afterAll(async () => {
  expect(await api.stop({ withinMs: 2_000 })).toBe(true);
  await provider.stop(true);
});

const newVerifier = (allow: readonly string[]): TokenVerifier => {
  const guarded = createGuardedFetch({ allow, ca: authority.cert, lookup: () => Promise.resolve(["127.0.0.1"]) });
  return new TokenVerifier({
    issuersOf: (name): readonly ExternalIssuer[] =>
      name === issuer.issuer ? [{ issuer: name, audience, tenant: "acme", environment: "live" }] : [],
    fetch: (url) => guarded(url, { bytesMax: 65_536, timeoutMs: 2_000 }),
    onKeysFailed: ({ error }) => failures.push(error),
  });
};
let tokens: AccessTokens;
const trusting = (allow: readonly string[]): void => {
  const nonces = { use: () => true };
  tokens = new AccessTokens({ verifier: newVerifier(allow), dpop: new DpopVerifier({ nonces }) });
};

const call = async (token: string, { cert, key } = client): Promise<{ status: number; answer: Record<string, unknown> }> => {
  const response = await fetch(`https://127.0.0.1:${api.port}/`, {
    headers: { Authorization: `Bearer ${token}` },
    keepalive: false,
    tls: { ca: authority.cert, cert, key },
  });
  return { status: response.status, answer: (await response.json()) as Record<string, unknown> };
};

test("SECURITY 11: a bound token counts on a connection with its certificate, and on no other", async () => {
  trusting([issuer.issuer]);
  const bound = issuer.token({ aud: audience, cnf: { "x5t#S256": client.fingerprint256 } });
  expect(await call(bound)).toMatchObject({ status: 200, answer: { tenant: "acme", subject: "usr_1" } });
  expect(await call(bound, other)).toEqual({ status: 401, answer: { reason: "certificate" } });
  expect((await call(issuer.token({ aud: audience }), other)).status).toBe(200);
  expect(failures).toEqual([]);
});

test("keys that the issuer adds are found; keys that it never had are not", async () => {
  trusting([issuer.issuer]);
  const added = new TestKey("EdDSA", "added");
  const token = issuer.token({ aud: audience }, {}, added);
  issuer.keys.push(added);
  expect((await call(token)).status).toBe(200);
  const stranger = new TestKey("EdDSA", "stranger");
  expect(await call(issuer.token({ aud: audience }, {}, stranger))).toEqual({ status: 401, answer: { reason: "unknown_key" } });
});

test("SECURITY 59: an issuer that may not be asked is not, and its tokens cannot be judged", async () => {
  trusting([]);
  failures.length = 0;
  expect((await call(issuer.token({ aud: audience }))).status).toBe(503);
  expect(failures).toHaveLength(1);
  const [failure] = failures as [{ fault?: string }];
  expect(failure).toBeInstanceOf(OutboundError);
  expect(failure.fault).toBe("refused_url");
});

test("SECURITY 59: discovery that points inside is not followed", async () => {
  trusting([issuer.issuer]);
  failures.length = 0;
  const before = jwksUri;
  jwksUri = "https://169.254.169.254/keys";
  try {
    expect((await call(issuer.token({ aud: audience }))).status).toBe(503);
  } finally {
    jwksUri = before;
  }
  expect((failures as { fault?: string }[]).map(({ fault }) => fault)).toEqual(["refused_url"]);
});
