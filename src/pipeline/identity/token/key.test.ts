import { describe, expect, test } from "bun:test";
import { generateKeyPairSync } from "node:crypto";
import { type JsonWebKeySet, keyRingOf, publicKeyOf, thumbprintOf } from "./key.ts";
import { keysAtHand } from "./keys.ts";

type Jwk = Readonly<Record<string, unknown>>;
const ed25519 = generateKeyPairSync("ed25519").publicKey.export({ format: "jwk" }) as Jwk;
const p256 = generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey.export({ format: "jwk" }) as Jwk;
const rsa = (bits: number): Jwk => generateKeyPairSync("rsa", { modulusLength: bits }).publicKey.export({ format: "jwk" }) as Jwk;
const rsa2048 = rsa(2048);

describe("which keys are taken, and for what", () => {
  test.each<[string, Jwk, readonly string[]]>([
    ["Ed25519", ed25519, ["EdDSA", "Ed25519"]],
    ["Ed25519 for EdDSA", { ...ed25519, alg: "EdDSA" }, ["EdDSA", "Ed25519"]],
    ["P-256", p256, ["ES256"]],
    ["RSA", rsa2048, ["RS256", "PS256"]],
    ["RSA for one algorithm", { ...rsa2048, alg: "PS256" }, ["PS256"]],
    ["for signatures", { ...p256, use: "sig", key_ops: ["verify"] }, ["ES256"]],
    ["with members that mean nothing here", { ...p256, x5c: ["AA"], x5u: "https://attacker.example", crv2: "x" }, ["ES256"]],
  ])("%s", (_, jwk, algorithms) => {
    expect(publicKeyOf(jwk)?.algorithms).toEqual([...algorithms] as never);
  });

  test.each<[string, Jwk]>([
    ["symmetric", { kty: "oct", k: "c2VjcmV0", alg: "HS256" }],
    ["an algorithm of another kind", { ...rsa2048, alg: "HS256" }],
    ["none", { ...rsa2048, alg: "none" }],
    ["another curve", generateKeyPairSync("ec", { namedCurve: "P-384" }).publicKey.export({ format: "jwk" }) as Jwk],
    ["X25519", generateKeyPairSync("x25519").publicKey.export({ format: "jwk" }) as Jwk],
    ["a curve of an object's own", { kty: "__proto__" }],
    ["for encryption", { ...p256, use: "enc" }],
    ["for signing only", { ...p256, key_ops: ["sign"] }],
    ["operations that are none", { ...p256, key_ops: "verify" }],
    ["RSA of 1,024 bits", rsa(1024)],
    ["RSA with the exponent 1", { ...rsa2048, e: "AQ" }],
    ["RSA with an even exponent", { ...rsa2048, e: "AQAA" }],
    ["RSA with a huge exponent", { ...rsa2048, e: rsa2048["n"] }],
    ["RSA of 16,384 bits", { ...rsa2048, n: Buffer.alloc(2048, 0xff).toString("base64url") }],
    ["a point that is not on the curve", { ...p256, y: p256["x"] }],
    ["a missing member", { ...p256, y: undefined }],
    ["a member that is no text", { ...ed25519, x: 1 }],
    ["a short Ed25519", { ...ed25519, x: "AAAA" }],
  ])("not: %s", (_, jwk) => {
    expect(publicKeyOf(jwk)).toBeUndefined();
  });
});

/** RFC 7638 section 3.1. */
test("thumbprints are those of the standard", () => {
  const n =
    "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
  const jwk = { kty: "RSA", n, e: "AQAB", alg: "RS256", kid: "2011-04-29" };
  expect(thumbprintOf(jwk)).toBe("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
});

/** RFC 8037 appendix A.3. */
test("also for Ed25519", () => {
  const jwk = { kty: "OKP", crv: "Ed25519", x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" };
  expect(thumbprintOf(jwk)).toBe("kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
});

describe("rings", () => {
  test("keys of different kinds may share an id", () => {
    const ring = keyRingOf({
      keys: [
        { ...p256, kid: "a" },
        { ...ed25519, kid: "a" },
        { ...rsa2048, kid: "b" },
      ],
    });
    expect(ring?.find("a").map(({ algorithms }) => algorithms[0])).toEqual(["ES256", "EdDSA"]);
    expect(ring?.find("A")).toEqual([]);
    expect(ring?.size).toBe(2);
  });

  test("own keys: a new one counts at once, a withdrawn one no longer after a second; they must be a list", () => {
    let nowMs = 0;
    let asked = 0;
    let list: JsonWebKeySet["keys"] = [{ ...p256, kid: "a" }];
    const keys = keysAtHand(
      () => {
        asked++;
        return list;
      },
      () => nowMs,
    );
    for (let at = 0; at < 10; at++) expect(keys.find("a")).toHaveLength(1);
    expect(asked).toBe(1);
    list = [{ ...ed25519, kid: "b" }];
    nowMs = 999;
    expect(keys.find("a")).toHaveLength(1);
    expect(keys.find("b")).toHaveLength(1);
    list = [];
    nowMs += 1_000;
    expect(keys.find("b")).toHaveLength(0);
    list = {} as JsonWebKeySet["keys"];
    expect(() => keys.find("b")).toThrow("own keys are no list of keys");
  });
});
