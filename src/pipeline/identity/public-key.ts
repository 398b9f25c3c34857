/** Keys and certificates that their owners give us: what is read from them, or `undefined` where they are not what they should be. */
import { createPublicKey, X509Certificate } from "node:crypto";

const textLengthMax = 16_384;

/** An Ed25519 public key, PEM or base64 of SubjectPublicKeyInfo (RFC 8410) → SubjectPublicKeyInfo, DER, base64. */
export const readEd25519Key = (text: string): string | undefined => {
  if (text.length > textLengthMax) return undefined;
  try {
    const key = text.includes("-----BEGIN PUBLIC KEY-----")
      ? createPublicKey(text)
      : createPublicKey({ key: Buffer.from(text.trim(), "base64"), format: "der", type: "spki" });
    if (key.asymmetricKeyType !== "ed25519") return undefined;
    return key.export({ format: "der", type: "spki" }).toString("base64");
  } catch {
    return undefined;
  }
};

export interface ReadCertificate {
  /** SHA-256 of the certificate, base64url. */
  readonly fingerprint: string;
  /** RFC 3339 in UTC. */
  readonly notBefore: string;
  readonly notAfter: string;
  readonly subject: string;
}

/** A certificate in PEM; nothing is said of who signed it. */
export const readCertificate = (pem: string): ReadCertificate | undefined => {
  if (pem.length > textLengthMax || !pem.includes("-----BEGIN CERTIFICATE-----")) return undefined;
  try {
    const certificate = new X509Certificate(pem);
    return {
      fingerprint: Bun.SHA256.hash(certificate.raw, "base64url"),
      notBefore: new Date(certificate.validFrom).toISOString(),
      notAfter: new Date(certificate.validTo).toISOString(),
      subject: certificate.subject.replaceAll("\n", ", "),
    };
  } catch {
    return undefined;
  }
};
