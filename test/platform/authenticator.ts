/** An authenticator in software: makes passkeys (ES256, no attestation) and uses them, as a browser would answer. WebAuthn Level 3, section 6. */
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";

const sha256 = (data: string | Uint8Array): Buffer => createHash("sha256").update(data).digest();
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64url");

/** CBOR of byte strings, texts, small integers and maps: what a COSE key and an attestation are made of (RFC 8949). */
const cbor = (value: unknown): Buffer => {
  const head = (major: number, length: number): Buffer =>
    length < 24
      ? Buffer.from([(major << 5) | length])
      : length < 256
        ? Buffer.from([(major << 5) | 24, length])
        : Buffer.from([(major << 5) | 25, length >> 8, length & 255]);
  if (typeof value === "number") return value >= 0 ? head(0, value) : head(1, -1 - value);
  if (typeof value === "string") return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)]);
  if (value instanceof Uint8Array) return Buffer.concat([head(2, value.length), value]);
  const entries = [...(value as Map<unknown, unknown>)];
  return Buffer.concat([head(5, entries.length), ...entries.flatMap(([key, of]) => [cbor(key), cbor(of)])]);
};

interface Options {
  readonly challenge?: unknown;
  readonly rp?: { readonly id?: unknown };
  readonly rpId?: unknown;
}

export interface Ways {
  /** Origin of the page, where it is another than the passkey's. */
  readonly origin?: string;
  readonly isVerified?: boolean;
  readonly signCount?: number;
}

export class Authenticator {
  readonly #origin: string;
  readonly #id = randomBytes(32);
  readonly #keys: { readonly publicKey: KeyObject; readonly privateKey: KeyObject };
  #count = 0;

  constructor(origin: string) {
    this.#origin = origin;
    this.#keys = generateKeyPairSync("ec", { namedCurve: "P-256" });
  }

  /** `navigator.credentials.create`, its answer as JSON. */
  create(options: unknown, ways: Ways = {}): Record<string, unknown> {
    const { challenge, rp } = options as Options;
    const { x = "", y = "" } = this.#keys.publicKey.export({ format: "jwk" });
    const cose = cbor(
      new Map<number, unknown>([
        [1, 2],
        [3, -7],
        [-1, 1],
        [-2, Buffer.from(x, "base64url")],
        [-3, Buffer.from(y, "base64url")],
      ]),
    );
    const credential = Buffer.concat([Buffer.alloc(16), Buffer.from([0, this.#id.length]), this.#id, cose]);
    const authData = Buffer.concat([this.#data(String(rp?.id), 0x40, ways), credential]);
    const attestation = cbor(
      new Map<string, unknown>([
        ["fmt", "none"],
        ["attStmt", new Map()],
        ["authData", authData],
      ]),
    );
    return this.#answer({
      clientDataJSON: text(this.#client("webauthn.create", challenge, ways)),
      attestationObject: text(attestation),
      transports: ["internal"],
    });
  }

  /** `navigator.credentials.get`. */
  get(options: unknown, ways: Ways = {}): Record<string, unknown> {
    const { challenge, rpId } = options as Options;
    const client = this.#client("webauthn.get", challenge, ways);
    const authData = this.#data(String(rpId), 0, ways);
    const signature = sign("sha256", Buffer.concat([authData, sha256(client)]), this.#keys.privateKey);
    return this.#answer({ clientDataJSON: text(client), authenticatorData: text(authData), signature: text(signature) });
  }

  #answer(response: Record<string, unknown>): Record<string, unknown> {
    return { id: text(this.#id), rawId: text(this.#id), type: "public-key", clientExtensionResults: {}, response };
  }

  #client(type: string, challenge: unknown, { origin = this.#origin }: Ways): Buffer {
    return Buffer.from(JSON.stringify({ type, challenge, origin, crossOrigin: false }));
  }

  /** Authenticator data: hash of the host, flags (present, verified), count. */
  #data(rpId: string, more: number, { isVerified = true, signCount = ++this.#count }: Ways): Buffer {
    const count = Buffer.alloc(4);
    count.writeUInt32BE(signCount);
    return Buffer.concat([sha256(rpId), Buffer.from([1 | (isVerified ? 4 : 0) | more]), count]);
  }
}
