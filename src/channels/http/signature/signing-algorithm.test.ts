import { describe, expect, test } from "bun:test";
import { createPrivateKey, createPublicKey, generateKeyPairSync, sign } from "node:crypto";
import { ed25519Private, keys } from "../../../../test/http/rfc9421.ts";
import cases from "../../../../test/http/wycheproof/ed25519.json";
import { checkBytes, ed25519Point, isSoundPoint, isUsableKey, type VerifyingKey } from "./signing-algorithm.ts";
import { checkSignature } from "./verify-signature.ts";

const hex = (text: string): Uint8Array => Buffer.from(text, "hex");
const spki = (point: Uint8Array): Uint8Array => Buffer.concat([hex("302a300506032b6570032100"), point]);

const prime = 2n ** 255n - 19n;
const order = 2n ** 252n + 27742317777372353535851937790883648493n;
const modulo = (value: bigint): bigint => ((value % prime) + prime) % prime;
const power = (base: bigint, exponent: bigint): bigint => {
  let result = 1n;
  for (let bits = exponent, square = modulo(base); bits > 0n; bits >>= 1n, square = modulo(square * square)) {
    if ((bits & 1n) === 1n) result = modulo(result * square);
  }
  return result;
};
const inverse = (value: bigint): bigint => power(value, prime - 2n);
const d = modulo(-121665n * inverse(121666n));

interface Point {
  readonly x: bigint;
  readonly y: bigint;
}

/** Both square roots, or none: RFC 8032 section 5.1.3. */
const squareRoots = (square: bigint): readonly bigint[] => {
  const candidate = power(square, (prime + 3n) / 8n);
  const other = modulo(candidate * power(2n, (prime - 1n) / 4n));
  const root = [candidate, other].find((each) => modulo(each * each - square) === 0n);
  return root === undefined ? [] : [root, modulo(-root)];
};

/** Points of edwards25519 with this y. */
const pointsWith = (y: bigint): readonly Point[] => squareRoots((y * y - 1n) * inverse(d * y * y + 1n)).map((x) => ({ x, y }));

const add = (a: Point, b: Point): Point => {
  const product = modulo(d * a.x * b.x * a.y * b.y);
  return {
    x: modulo((a.x * b.y + a.y * b.x) * inverse(1n + product)),
    y: modulo((a.y * b.y + a.x * b.x) * inverse(1n - product)),
  };
};
const times8 = (point: Point): Point => {
  let result = point;
  for (let doubling = 0; doubling < 3; doubling++) result = add(result, result);
  return result;
};
const numberOf = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes.toReversed()).toString("hex")}`);
const bytesOf = (value: bigint, length: number): Uint8Array => hex(value.toString(16).padStart(length * 2, "0")).toReversed();

describe("ed25519", () => {
  test("SECURITY 20: the vectors of Wycheproof", () => {
    const wrong = cases.filter(({ publicKey, message, signature, isValid }) => {
      const key: VerifyingKey = { algorithm: "ed25519", publicKey: hex(publicKey) };
      return checkBytes(key, hex(message), hex(signature)) !== isValid;
    });
    expect(wrong).toEqual([]);
    expect(cases.length).toBe(151);
  });

  test("SECURITY 20: every point of small order is refused, as it is and with what its form may be", () => {
    // The y of the eight points: of orders 1, 2 and 4, and of order 8, whose double has y = 0: then x² = −y² and d·y⁴ + 2·y² = 1.
    const found = new Set<bigint>([1n, prime - 1n, 0n]);
    for (const root of squareRoots(1n + d)) {
      for (const y of squareRoots((root - 1n) * inverse(d))) found.add(y);
    }
    const small = [...found].filter((y) => pointsWith(y).some((point) => times8(point).x === 0n && times8(point).y === 1n));
    expect(small.length).toBe(5);
    for (const y of small) {
      for (const value of [y, y + prime].filter((each) => each < 2n ** 255n)) {
        for (const signBit of [0n, 1n]) expect(isSoundPoint(bytesOf(value + (signBit << 255n), 32))).toBe(false);
      }
    }
    expect(isSoundPoint(ed25519Point(keys["test-key-ed25519"].publicKey) ?? hex(""))).toBe(true);
  });

  test("SECURITY 20: forms of a y that is not below the prime are refused", () => {
    for (let above = 0n; above < 19n; above++) expect(isSoundPoint(bytesOf(prime + above, 32))).toBe(false);
    expect(isSoundPoint(bytesOf(prime - 2n, 32))).toBe(true);
  });

  test("SECURITY 20: a key of small order accepts nothing, not even what fits every text", () => {
    const neutral = bytesOf(1n, 32);
    const key: VerifyingKey = { algorithm: "ed25519", publicKey: spki(neutral) };
    expect(isUsableKey(key)).toBe(false);
    expect(checkBytes(key, "anything", Buffer.concat([neutral, Buffer.alloc(32)]))).toBe(false);
  });

  test("SECURITY 20: S and S plus the order of the group are not the same", () => {
    const privateKey = createPrivateKey({ key: ed25519Private, format: "der", type: "pkcs8" });
    const signature = sign(null, Buffer.from("text"), privateKey);
    const key = keys["test-key-ed25519"];
    expect(checkBytes(key, "text", signature)).toBe(true);
    const malleated = Buffer.concat([signature.subarray(0, 32), bytesOf(numberOf(signature.subarray(32)) + order, 32)]);
    expect(checkBytes(key, "text", malleated)).toBe(false);
  });
});

describe("keys", () => {
  const { publicKey } = generateKeyPairSync("ec", { namedCurve: "secp384r1" });
  const p384 = publicKey.export({ type: "spki", format: "der" });

  test.each([
    ["a short secret", { algorithm: "hmac-sha256", secret: new Uint8Array(31) }, false],
    ["a secret", { algorithm: "hmac-sha256", secret: new Uint8Array(32) }, true],
    ["an Ed25519 key", keys["test-key-ed25519"], true],
    ["another kind of key than said", { algorithm: "ed25519", publicKey: keys["test-key-ecc-p256"].publicKey }, false],
    ["another kind of key than said", { algorithm: "ecdsa-p256-sha256", publicKey: keys["test-key-ed25519"].publicKey }, false],
    ["another curve than said", { algorithm: "ecdsa-p256-sha256", publicKey: p384 }, false],
    ["no key", { algorithm: "rsa-pss-sha512", publicKey: hex("00") }, false],
    ["a secret as a key", { algorithm: "ed25519", publicKey: keys["test-shared-secret"].secret }, false],
  ] as const)("%s: %p", (_, key, isUsable) => expect(isUsableKey(key)).toBe(isUsable));

  test("SECURITY 20: bytes of a public key are no secret, and a secret is no public key", () => {
    const { publicKey: bytes } = keys["test-key-ed25519"];
    const forged = new Bun.CryptoHasher("sha256", bytes).update("base").digest();
    for (const algorithm of ["hmac-sha256", "ed25519", undefined]) {
      const asked = { base: "base", signature: forged, algorithm };
      expect(checkSignature(asked, keys["test-key-ed25519"])).toBeDefined();
    }
  });

  test("public keys of the vectors are what they say", () => {
    for (const key of Object.values(keys)) {
      if ("publicKey" in key) expect(createPublicKey({ key: key.publicKey, format: "der", type: "spki" }).type).toBe("public");
    }
  });
});
