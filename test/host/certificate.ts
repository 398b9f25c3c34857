/**
 * A certificate for `localhost` and 127.0.0.1, made for the test and signed by itself (RFC 5280), so that no key lies in the repository. DER is
 * written by hand: a tag, a length, the content.
 */
import { generateKeyPairSync, sign } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

const dayMs = 86_400_000;

const der = (tag: number, ...parts: readonly Uint8Array[]): Buffer => {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
};
const sequence = (...parts: readonly Uint8Array[]): Buffer => der(0x30, ...parts);
const text = (tag: number, value: string): Buffer => der(tag, Buffer.from(value, "latin1"));
const oid = (hex: string): Buffer => der(0x06, Buffer.from(hex, "hex"));
/** A bit string without unused bits. */
const bits = (content: Uint8Array): Buffer => der(0x03, Buffer.from([0]), content);

const ecdsaWithSha256 = sequence(oid("2a8648ce3d040302"));
const commonName = "550403";
const subjectAltName = "551d11";

const name = sequence(der(0x31, sequence(oid(commonName), text(0x0c, "localhost"))));
const utcTime = (ms: number): Buffer =>
  text(
    0x17,
    new Date(ms)
      .toISOString()
      .replace(/[-:T]|\.\d+/g, "")
      .slice(2),
  );
const altNames = sequence(
  oid(subjectAltName),
  der(0x04, sequence(text(0x82, "localhost"), der(0x87, Buffer.from([127, 0, 0, 1])))),
);

const pem = (content: Uint8Array): string =>
  `-----BEGIN CERTIFICATE-----\n${content.toBase64().replace(/.{64}/g, "$&\n")}\n-----END CERTIFICATE-----\n`;

/** Writes `localhost.crt` and `localhost.pk8` into the folder; their paths. */
export const writeCertificate = (folder: string): { readonly cert: string; readonly key: string } => {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const now = Date.now();
  const toBeSigned = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([1])),
    ecdsaWithSha256,
    name,
    sequence(utcTime(now - dayMs), utcTime(now + dayMs)),
    name,
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, sequence(altNames)),
  );
  const signature = sign("sha256", toBeSigned, privateKey);
  const paths = { cert: join(folder, "localhost.crt"), key: join(folder, "localhost.pk8") };
  writeFileSync(paths.cert, pem(sequence(toBeSigned, ecdsaWithSha256, bits(signature))));
  writeFileSync(paths.key, privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
  return paths;
};
