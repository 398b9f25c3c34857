/**
 * Issuers made for a test: keys, JWK sets, and tokens with any single thing wrong, signed by hand so that nothing keeps a test from writing them.
 *
 *   const issuer = new TestIssuer("https://login.example.com");
 *   issuer.token({ sub: "usr_1", aud: "https://api.example.com" })
 */
import { constants, createHash, createHmac, generateKeyPairSync, type KeyObject, sign } from "node:crypto";

export type Alg = "EdDSA" | "Ed25519" | "ES256" | "RS256" | "PS256";

export type Json = Readonly<Record<string, unknown>>;

export const base64url = (value: string | Uint8Array): string => Buffer.from(value).toString("base64url");
const encoded = (value: unknown): string => base64url(JSON.stringify(value));

const makers: Readonly<Record<Alg, () => { privateKey: KeyObject; publicKey: KeyObject }>> = {
  EdDSA: () => generateKeyPairSync("ed25519"),
  Ed25519: () => generateKeyPairSync("ed25519"),
  ES256: () => generateKeyPairSync("ec", { namedCurve: "P-256" }),
  RS256: () => generateKeyPairSync("rsa", { modulusLength: 2048 }),
  PS256: () => generateKeyPairSync("rsa", { modulusLength: 2048 }),
};

const signers: Readonly<Record<Alg, (bytes: Uint8Array, key: KeyObject) => Buffer>> = {
  EdDSA: (bytes, key) => sign(null, bytes, key),
  Ed25519: (bytes, key) => sign(null, bytes, key),
  ES256: (bytes, key) => sign("sha256", bytes, { key, dsaEncoding: "ieee-p1363" }),
  RS256: (bytes, key) => sign("sha256", bytes, key),
  PS256: (bytes, key) => sign("sha256", bytes, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }),
};

/** A pair of keys with its public JWK. */
export class TestKey {
  readonly alg: Alg;
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** Without `alg`, `use` and `kid`. */
  readonly bare: Json;

  constructor(alg: Alg, kid = `${alg}-1`) {
    const { privateKey, publicKey } = makers[alg]();
    this.alg = alg;
    this.kid = kid;
    this.privateKey = privateKey;
    this.publicKey = publicKey;
    this.bare = publicKey.export({ format: "jwk" }) as Json;
  }

  get jwk(): Json {
    return { ...this.bare, kid: this.kid, alg: this.alg, use: "sig" };
  }

  /** A JWS over exactly this header and payload; text is taken as it is. */
  sign(header: Json | string, payload: Json | string): string {
    const part = (value: Json | string): string => (typeof value === "string" ? base64url(value) : encoded(value));
    const input = `${part(header)}.${part(payload)}`;
    return `${input}.${base64url(signers[this.alg](Buffer.from(input), this.privateKey))}`;
  }

  /** The thumbprint of RFC 7638, written out for each kind. */
  get thumbprint(): string {
    const { crv, kty, x, y, e, n } = this.bare;
    const members = kty === "RSA" ? { e, kty, n } : kty === "EC" ? { crv, kty, x, y } : { crv, kty, x };
    return createHash("sha256").update(JSON.stringify(members)).digest("base64url");
  }
}

/** HS256 with any bytes for a secret. */
export const signedByMac = (header: Json, payload: Json, secret: string | Uint8Array): string => {
  const input = `${encoded(header)}.${encoded(payload)}`;
  return `${input}.${createHmac("sha256", secret).update(input).digest("base64url")}`;
};

export class TestIssuer {
  readonly issuer: string;
  keys: TestKey[];

  constructor(issuer: string, keys: readonly TestKey[] = [new TestKey("EdDSA")]) {
    this.issuer = issuer;
    this.keys = [...keys];
  }

  get jwks(): { keys: Json[] } {
    return { keys: this.keys.map(({ jwk }) => jwk) };
  }

  key(at = 0): TestKey {
    const key = this.keys[at];
    if (key === undefined) throw new Error(`no key ${at}`);
    return key;
  }

  header(more: Json = {}, key = this.key()): Json {
    return { alg: key.alg, typ: "at+jwt", kid: key.kid, ...more };
  }

  /** Good for five minutes; `undefined` leaves a claim out. */
  claims(more: Json = {}): Json {
    const seconds = Math.floor(Date.now() / 1000);
    return { iss: this.issuer, iat: seconds, exp: seconds + 300, sub: "usr_1", client_id: "app_1", ...more };
  }

  token(claims: Json = {}, header: Json = {}, key = this.key()): string {
    return key.sign(this.header(header, key), this.claims(claims));
  }
}
