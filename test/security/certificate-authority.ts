/**
 * An authority made for a test, and the certificates it issues (RFC 5280): good ones, and ones with any single thing wrong. P-256, ECDSA with SHA-256.
 *
 *   const authority = new CertificateAuthority("clients");
 *   authority.issue({ name: "app", usages: ["clientAuth"] })  →  { cert: "-----BEGIN CERTIFICATE-----…", key: "-----BEGIN PRIVATE KEY-----…" }
 */
import { createHash, createPrivateKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";

const dayMs = 86_400_000;

const der = (tag: number, ...parts: readonly Uint8Array[]): Buffer => {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
};
const sequence = (...parts: readonly Uint8Array[]): Buffer => der(0x30, ...parts);
const oid = (hex: string): Buffer => der(0x06, Buffer.from(hex, "hex"));
const text = (tag: number, value: string): Buffer => der(tag, Buffer.from(value, "latin1"));
const bits = (content: Uint8Array): Buffer => der(0x03, Buffer.from([0]), content);
const isTrue = der(0x01, Buffer.from([0xff]));

const ecdsaWithSha256 = sequence(oid("2a8648ce3d040302"));
const usageOids = { serverAuth: "2b06010505070301", clientAuth: "2b06010505070302" } as const;

const nameOf = (commonName: string): Buffer => sequence(der(0x31, sequence(oid("550403"), text(0x0c, commonName))));
const generalizedTime = (ms: number): Buffer => text(0x18, new Date(ms).toISOString().replace(/[-:T]|\.\d+/g, ""));

const extension = (hex: string, ...parts: readonly Uint8Array[]): Buffer => {
  const value = parts.at(-1) ?? Buffer.alloc(0);
  return sequence(oid(hex), ...parts.slice(0, -1), der(0x04, value));
};

const altName = (host: string): Buffer =>
  /^\d+(?:\.\d+){3}$/.test(host) ? der(0x87, Buffer.from(host.split(".").map(Number))) : text(0x82, host);

const pem = (label: string, content: Uint8Array): string =>
  `-----BEGIN ${label}-----\n${content.toBase64().replace(/.{64}/g, "$&\n")}\n-----END ${label}-----\n`;

export interface Issued {
  /** PEM. */
  readonly cert: string;
  readonly key: string;
  /** SHA-256 of the certificate in base64url: `x5t#S256` (RFC 8705 section 3.1). */
  readonly fingerprint256: string;
}

export interface Wanted {
  readonly name: string;
  readonly usages?: readonly (keyof typeof usageOids)[];
  /** Names and IPv4 addresses of a server. */
  readonly hosts?: readonly string[];
  /** Milliseconds since the epoch; default: from yesterday until tomorrow. */
  readonly fromMs?: number;
  readonly untilMs?: number;
}

export class CertificateAuthority {
  readonly #name: string;
  readonly #key: KeyObject;
  /** PEM. */
  readonly cert: string;

  /** Signed by itself; or, with a certificate that another one has issued, a signer that is no authority. */
  constructor(name: string, as?: Issued) {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    this.#name = name;
    this.#key = as === undefined ? privateKey : createPrivateKey(as.key);
    const isAuthority = extension("551d13", isTrue, sequence(isTrue));
    this.cert = as?.cert ?? pem("CERTIFICATE", this.#certificate({ name }, publicKey, [isAuthority]));
  }

  issue(wanted: Wanted): Issued {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const { usages = [], hosts = [] } = wanted;
    const content = this.#certificate(wanted, publicKey, [
      ...(usages.length === 0 ? [] : [extension("551d25", sequence(...usages.map((usage) => oid(usageOids[usage]))))]),
      ...(hosts.length === 0 ? [] : [extension("551d11", sequence(...hosts.map(altName)))]),
    ]);
    return {
      cert: pem("CERTIFICATE", content),
      key: privateKey.export({ type: "pkcs8", format: "pem" }),
      fingerprint256: createHash("sha256").update(content).digest("base64url"),
    };
  }

  #certificate(wanted: Wanted, publicKey: KeyObject, extensions: readonly Uint8Array[]): Buffer {
    const { name, fromMs = Date.now() - dayMs, untilMs = Date.now() + dayMs } = wanted;
    const toBeSigned = sequence(
      der(0xa0, der(0x02, Buffer.from([2]))),
      der(0x02, Buffer.from([1, ...randomBytes(8)])),
      ecdsaWithSha256,
      nameOf(this.#name),
      sequence(generalizedTime(fromMs), generalizedTime(untilMs)),
      nameOf(name),
      publicKey.export({ type: "spki", format: "der" }),
      ...(extensions.length === 0 ? [] : [der(0xa3, sequence(...extensions))]),
    );
    return sequence(toBeSigned, ecdsaWithSha256, bits(sign("sha256", toBeSigned, this.#key)));
  }
}
