/** Access tokens with anything wrong: each is refused by its name, and is 401. */
import { beforeEach, describe, expect, test } from "bun:test";
import { sign } from "node:crypto";
import fc from "fast-check";
import { tokenLimits } from "../../src/pipeline/identity/token/index.ts";
import { audience, good, keys, login, now, own, place, registered, TokenCheck } from "./token-check.ts";
import { type Alg, base64url, type Json, signedByMac, TestKey } from "./token-maker.ts";

let check: TokenCheck;
beforeEach(() => {
  check = new TokenCheck();
});
const verdict = (token: string): Promise<string> => check.verdict(token);

describe("tokens that are good", () => {
  test.each<Alg>(["EdDSA", "ES256", "RS256", "PS256"])("%s", async (alg) => {
    expect(
      await verdict(
        good(
          {},
          {},
          own.keys.find((key) => key.alg === alg),
        ),
      ),
    ).toBe("good");
  });

  test("Ed25519, the algorithm's later name", async () => {
    expect(await verdict(good({}, { alg: "Ed25519" }))).toBe("good");
  });

  test("one of ours says who, where and as what", async () => {
    const token = good({ roles: ["owner"], scope: "accounts:read transfers:write", subject: "cus_1", jti: "tok_1" });
    expect(await check.identity(token)).toMatchObject({
      ok: true,
      kind: "own",
      issuer: own.issuer,
      user: "usr_1",
      subject: "cus_1",
      app: "app_1",
      tenant: "acme",
      environment: "live",
      roles: ["owner"],
      scopes: ["accounts:read", "transfers:write"],
      grant: "gra_1",
      tokenId: "tok_1",
      cnf: undefined,
    });
  });

  test("one of another issuer acts where it is registered, whatever it says, and with mapped roles only", async () => {
    const claims = {
      aud: ["https://elsewhere.example", audience],
      tenant: "acme",
      environment: "live",
      roles: ["owner"],
      realm: { roles: ["Clerk", "Admin", "root", "__proto__", "constructor"] },
      azp: "spa",
      scp: ["accounts:read"],
      gid: "gra_1",
    };
    expect(await check.identity(login.token(claims, { typ: "JWT" }))).toMatchObject({
      kind: "external",
      tenant: "globex",
      environment: "sandbox",
      subject: "usr_1",
      app: "spa",
      roles: ["staff", "owner"],
      scopes: ["accounts:read"],
      user: null,
      grant: null,
    });
    expect(check.fetched).toEqual(["https://login.example.org/keys"]);
  });

  test("clocks may differ by a minute", async () => {
    expect(await verdict(good({ exp: now() - 50 }))).toBe("good");
    expect(await verdict(good({ nbf: now() + 50, iat: now() + 50 }))).toBe("good");
  });
});

describe("SECURITY 8: tokens", () => {
  const claims = (): Json => own.claims(place);
  const unsigned = (alg: string): string =>
    `${base64url(JSON.stringify({ alg, typ: "at+jwt", kid: own.key().kid }))}.${base64url(JSON.stringify(claims()))}.`;

  test.each(["none", "None", "NONE", "nOnE"])("alg %s, with and without a signature", async (alg) => {
    expect(await verdict(unsigned(alg))).toBe("malformed");
    expect(await verdict(`${unsigned(alg)}${base64url("signature")}`)).toBe("algorithm");
    expect(await verdict(own.key().sign(own.header({ alg }), claims()))).toBe("algorithm");
  });

  test.each<[string, (key: TestKey) => string | Uint8Array]>([
    ["PEM", (key) => key.publicKey.export({ type: "spki", format: "pem" })],
    ["DER", (key) => key.publicKey.export({ type: "spki", format: "der" })],
    ["JWK", (key) => JSON.stringify(key.jwk)],
    ["the number itself", (key) => Buffer.from(String(key.bare["n"] ?? key.bare["x"]), "base64url")],
  ])("a public key taken for a secret, RS256 to HS256, as %s", async (_, secretOf) => {
    for (const key of own.keys)
      for (const alg of ["HS256", "HS384", "HS512"])
        expect(await verdict(signedByMac({ alg, typ: "at+jwt", kid: key.kid }, claims(), secretOf(key)))).toBe("algorithm");
  });

  test("an algorithm of another key, or of another kind of key", async () => {
    const cases: [TestKey, string][] = [
      [keys.RS256, "PS256"],
      [keys.PS256, "RS256"],
      [keys.EdDSA, "ES256"],
      [keys.ES256, "EdDSA"],
      [keys.ES256, "RS256"],
    ];
    for (const [key, alg] of cases) expect(await verdict(key.sign(own.header({ alg }, key), claims()))).toBe("algorithm");
    for (const alg of ["ES256K", "ES384", "RS1", "RSA1_5", "dir", "", 256, null, ["EdDSA"], undefined])
      expect(await verdict(own.key().sign(own.header({ alg }), claims()))).toBe("algorithm");
  });

  const attacker = new TestKey("EdDSA", "EdDSA-1");

  test.each<[string, Json]>([
    ["jwk", { jwk: attacker.jwk }],
    ["jku", { jku: "https://attacker.example/keys" }],
    ["x5u", { x5u: "https://attacker.example/chain.pem" }],
    ["x5c", { x5c: [base64url("certificate")] }],
    ["jku to the inside", { jku: "http://169.254.169.254/latest/meta-data/" }],
  ])("a key in the header by %s is not looked at", async (_, header) => {
    expect(await verdict(attacker.sign(own.header({ ...header }), claims()))).toBe("signature");
    expect(await verdict(attacker.sign(own.header({ ...header, kid: "attacker" }), claims()))).toBe("unknown_key");
    expect(check.fetched).toEqual([]);
    expect(await verdict(good({}, header))).toBe("good");
  });

  test.each<[string, unknown]>([
    ["a path", "../../../../dev/null"],
    ["a path to the key", "./EdDSA-1"],
    ["SQL", "x' UNION SELECT 'secret' --"],
    ["SQL around the key", "EdDSA-1' OR '1'='1"],
    ["NUL", "EdDSA-1\u0000"],
    ["another case", "eddsa-1"],
    ["white space", " EdDSA-1"],
    ["an object's own", "__proto__"],
    ["an object's own", "constructor"],
    ["a command", "$(id)"],
    ["an address", "https://attacker.example/keys"],
    ["a list", ["EdDSA-1"]],
    ["a number", 1],
    ["nothing", ""],
    ["no kid", undefined],
    ["a long one", "k".repeat(4_000)],
  ])("kid: %s", async (_, kid) => {
    expect(await verdict(good({}, { kid }))).toBe("unknown_key");
  });

  test.each<[string, unknown]>([
    ["JWT, an identity token", "JWT"],
    ["a proof", "dpop+jwt"],
    ["a logout token", "logout+jwt"],
    ["at+jwt with more", "at+jwt; x"],
    ["none", undefined],
    ["a list", ["at+jwt"]],
  ])("typ: %s", async (_, typ) => {
    expect(await verdict(good({}, { typ }))).toBe("type");
  });

  test("typ in other letters and in full is the same", async () => {
    for (const typ of ["AT+JWT", "application/at+jwt"]) expect(await verdict(good({}, { typ }))).toBe("good");
  });

  test.each<[string, unknown, string]>([
    ["another", "https://other.example.com", "audience"],
    ["a longer one", `${audience}/`, "audience"],
    ["a shorter one", "https://api.example", "audience"],
    ["other letters", "https://API.example.com", "audience"],
    ["others", ["https://a.example", "https://b.example"], "audience"],
    ["an empty list", [], "audience"],
    ["none", undefined, "claims"],
    ["an object", { [audience]: true }, "claims"],
    ["a number", 1, "claims"],
    ["a list with a number", [1, audience], "claims"],
  ])("aud: %s", async (_, aud, fault) => {
    expect(await verdict(good({ aud }))).toBe(fault);
  });

  test.each<[string, unknown]>([
    ["another", "https://attacker.example"],
    ["a longer one", "https://api.example.com/"],
    ["other letters", "https://API.EXAMPLE.com"],
    ["a list", ["https://api.example.com"]],
    ["an object's own", "__proto__"],
    ["none", undefined],
  ])("iss: %s", async (_, iss) => {
    expect(await verdict(good({ iss }))).toBe("issuer");
    expect(check.fetched).toEqual([]);
  });

  test("the key of one issuer does not sign for another", async () => {
    const foreign = login.key().sign(login.header({ typ: "at+jwt" }), own.claims(place));
    expect(await verdict(foreign)).toBe("unknown_key");
    const renamed = login.key().sign(own.header({ alg: "RS256", kid: "RS256-1" }), own.claims(place));
    expect(await verdict(renamed)).toBe("signature");
    const ours = keys.RS256.sign(login.header(), login.claims({ aud: audience }));
    expect(await verdict(ours)).toBe("signature");
  });

  test("expired", async () => {
    expect(await verdict(good({ exp: now() - 61 }))).toBe("expired");
    expect(await verdict(good({ exp: 0 }))).toBe("expired");
  });

  test("not valid yet", async () => {
    expect(await verdict(good({ nbf: now() + 90 }))).toBe("not_yet_valid");
    expect(await verdict(good({ iat: now() + 90 }))).toBe("not_yet_valid");
  });

  test.each<[string, Json]>([
    ["no exp", { exp: undefined }],
    ["exp as text", { exp: "9999999999" }],
    ["exp null", { exp: null }],
    ["exp beyond time", { exp: 1e300 }],
    ["exp negative", { exp: -1 }],
    ["nbf as text", { nbf: "0" }],
    ["iat as an object", { iat: {} }],
    ["no iat", { iat: undefined }],
    ["no sub", { sub: undefined }],
    ["sub empty", { sub: "" }],
    ["sub a list", { sub: ["usr_1"] }],
    ["sub too long", { sub: "u".repeat(256) }],
    ["no client_id", { client_id: undefined }],
    ["no tenant", { tenant: undefined }],
    ["tenant a list", { tenant: ["acme"] }],
    ["no environment", { environment: undefined }],
    ["no gid", { gid: undefined }],
    ["roles an object", { roles: { owner: true } }],
    ["roles with a number", { roles: ["owner", 1] }],
    ["scope an object", { scope: {} }],
    ["cnf a text", { cnf: "x" }],
    ["cnf with a short thumbprint", { cnf: { jkt: "short" } }],
    ["cnf with a list", { cnf: { jkt: ["x"] } }],
  ])("claims: %s", async (_, wrong) => {
    expect(await verdict(good(wrong))).toBe("claims");
  });

  test("bound in a way that is not known", async () => {
    for (const cnf of [{}, { jwk: keys.EdDSA.bare }, { kid: "x" }, { jkt: keys.EdDSA.thumbprint, other: 1 }])
      expect(await verdict(good({ cnf }))).toBe("confirmation");
  });

  test("a huge p2c costs nothing", async () => {
    const header = { alg: "PBES2-HS512+A256KW", enc: "A256GCM", p2s: base64url("salt"), p2c: 2_147_483_647, kid: "EdDSA-1" };
    const started = performance.now();
    expect(await verdict([base64url(JSON.stringify(header)), "a", "b", "c", "d"].join("."))).toBe("encrypted");
    expect(await verdict(good({}, { alg: "PBES2-HS512+A256KW", p2s: "c2FsdA", p2c: 2_147_483_647 }))).toBe("algorithm");
    expect(await verdict(good({}, { p2c: 2_147_483_647 }))).toBe("good");
    expect(performance.now() - started).toBeLessThan(100);
  });

  test("JWE, also as a bomb", async () => {
    const header = base64url(JSON.stringify({ alg: "dir", enc: "A256GCM", zip: "DEF" }));
    const bomb = base64url(Bun.deflateSync(new Uint8Array(4 * 1024 * 1024)));
    expect(await verdict(`${header}..${base64url("iv")}.${bomb}.${base64url("tag")}`)).toBe("encrypted");
    expect(await verdict(good({}, { enc: "A256GCM" }))).toBe("encrypted");
  });

  test("critical extensions", async () => {
    for (const more of [{ crit: ["exp"] }, { crit: ["b64"], b64: false }, { crit: [] }, { crit: null }])
      expect(await verdict(good({}, more))).toBe("critical_header");
  });

  test("too large, at once", async () => {
    expect(await verdict("a".repeat(tokenLimits.tokenBytesMax + 1))).toBe("too_large");
    expect(await verdict(good({ padding: "x".repeat(tokenLimits.tokenBytesMax) }))).toBe("too_large");
  });

  test("nested too deep, in header and in claims", async () => {
    const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)]);
    expect(await verdict(good({ deep: nested(tokenLimits.depthMax) }))).toBe("malformed");
    expect(await verdict(good({ deep: nested(tokenLimits.depthMax - 1) }))).toBe("good");
    expect(await verdict(good({}, { deep: nested(tokenLimits.depthMax) }))).toBe("malformed");
    expect(await verdict(own.key().sign("[".repeat(2_000), claims()))).toBe("malformed");
    expect(await verdict(good({ text: '[[[[[[[[[["\\[[[' }))).toBe("good");
  });

  test.each<[string, (token: string) => string]>([
    ["nothing", () => ""],
    ["dots", () => ".."],
    ["two parts", (token) => token.split(".").slice(0, 2).join(".")],
    ["four parts", (token) => `${token}.a`],
    ["white space before", (token) => ` ${token}`],
    ["a line break behind", (token) => `${token}\n`],
    ["padding", (token) => `${token}=`],
    ["the other alphabet", (token) => token.replaceAll(/[-_]/g, "+")],
    ["JSON serialization", (token) => JSON.stringify({ payload: token.split(".")[1], signatures: [] })],
    ["a header that is a list", () => keys.EdDSA.sign("[]", own.claims(place))],
    ["a header that is null", () => keys.EdDSA.sign("null", own.claims(place))],
    ["claims that are a text", () => keys.EdDSA.sign(own.header(), '"text"')],
    ["claims that are no JSON", () => keys.EdDSA.sign(own.header(), "{")],
    ["a length that base64 cannot have", (token) => token.replace(/\.[^.]+$/, ".abcde")],
  ])("not in form: %s", async (_, spoil) => {
    // A signature with a character that the other alphabet spells differently.
    let token = good();
    while (!/[-_]/.test(token)) token = good({ jti: String(Math.random()) });
    expect(await verdict(spoil(token))).toBe("malformed");
  });

  test("claims that are not UTF-8", async () => {
    const input = `${base64url(JSON.stringify(own.header()))}.${Buffer.from([0x7b, 0xff, 0x7d]).toString("base64url")}`;
    expect(await verdict(`${input}.${base64url("signature")}`)).toBe("malformed");
  });

  test("one change anywhere, and it is refused", async () => {
    const token = good();
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
    await fc.assert(
      fc.asyncProperty(fc.nat(token.length - 1), fc.constantFrom(...alphabet), async (at, character) => {
        fc.pre(token[at] !== character);
        expect(await verdict(token.slice(0, at) + character + token.slice(at + 1))).not.toBe("good");
      }),
      { numRuns: 500 },
    );
    expect(await verdict(token)).toBe("good");
  });

  test("a signature spelled in another way", async () => {
    const token = good();
    const last = token.at(-1) ?? "";
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    // 64 bytes leave four bits of the last character that mean nothing.
    const other = alphabet[alphabet.indexOf(last) ^ 1] ?? "";
    expect(Buffer.from(other + "A", "base64url")[0]! >> 4).toBe(Buffer.from(`${last}A`, "base64url")[0]! >> 4);
    expect(await verdict(token.slice(0, -1) + other)).toBe("malformed");
  });

  test("a signature of an elliptic key in the other encoding, and one of zeros", async () => {
    const key = keys.ES256;
    const [header = "", payload = ""] = good({}, {}, key).split(".");
    const der = sign("sha256", Buffer.from(`${header}.${payload}`), key.privateKey);
    expect(await verdict(`${header}.${payload}.${base64url(der)}`)).toBe("signature");
    expect(await verdict(`${header}.${payload}.${base64url(new Uint8Array(64))}`)).toBe("signature");
  });

  test("a verified token is remembered, until it expires", async () => {
    const token = good({ exp: now() + 30 });
    expect(await verdict(token)).toBe("good");
    check.aheadMs = 80_000;
    expect(await verdict(token)).toBe("good");
    check.aheadMs = 91_000;
    expect(await verdict(token)).toBe("expired");
  });

  test("a verified token of another issuer ends with its registration, and with a change of it", async () => {
    const token = login.token({ aud: audience }, { typ: "JWT" });
    expect(await verdict(token)).toBe("good");
    check.registrations = [{ ...registered, types: ["at+jwt"] }];
    expect(await verdict(token)).toBe("type");
    check.registrations = [{ ...registered, tenant: "initech" }];
    expect(await check.identity(token)).toMatchObject({ tenant: "initech" });
    check.registrations = [];
    expect(await verdict(token)).toBe("issuer");
  });

  test("a remembered token ends with its key", async () => {
    const key = new TestKey("ES256", "compromised");
    const token = own.token(place, {}, key);
    own.keys.push(key);
    try {
      check = new TokenCheck();
      expect(await verdict(token)).toBe("good");
    } finally {
      own.keys.pop();
    }
    check.ownKeys = own.jwks.keys;
    check.aheadMs = 1_000;
    expect(await verdict(token)).toBe("unknown_key");
  });

  test("several tenants that trust one issuer are told apart by their audience", async () => {
    check.registrations = [registered, { ...registered, audience: "initech", tenant: "initech" }];
    expect(await check.identity(login.token({ aud: "initech" }, { typ: "JWT" }))).toMatchObject({ tenant: "initech" });
    expect(await check.identity(login.token({ aud: audience }, { typ: "JWT" }))).toMatchObject({ tenant: "globex" });
    expect(await verdict(login.token({ aud: "globex" }, { typ: "JWT" }))).toBe("audience");
  });

  test("who registers somebody else's issuer with keys of his own speaks for nobody but himself", async () => {
    const attacker = new TestKey("RS256", "login-1");
    check.registrations = [
      registered,
      { ...registered, audience: "attacker", tenant: "attacker", jwksUri: "https://attacker.example/keys" },
    ];
    expect(await verdict(attacker.sign(login.header({ typ: "JWT" }), login.claims({ aud: audience })))).toBe("signature");
  });
});
