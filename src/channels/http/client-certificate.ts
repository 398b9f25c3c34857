/** The certificate of a client, as the TLS layer has verified it: what binds tokens to it (RFC 8705 section 3), and until when it counts. */
import { createHash, X509Certificate } from "node:crypto";

export interface ClientCertificate {
  /** SHA-256 of the certificate's DER in base64url: `x5t#S256`. */
  readonly fingerprint256: string;
  /** A line per attribute: `CN=app`. */
  readonly subject: string;
  /** Milliseconds since the epoch. */
  readonly validTo: number;
}

/** id-kp-clientAuth (RFC 5280 section 4.2.1.12). */
const clientAuth = "1.3.6.1.5.5.7.3.2";

/**
 * What a verified certificate says; undefined when it was not issued for clients: its extended key usage must say so. A certificate that says nothing
 * of usages is good for everything, also for servers, and is not taken.
 */
export const clientCertificateOf = (certificate: X509Certificate): ClientCertificate | undefined => {
  // Undefined where the certificate has no such extension, whatever the types say.
  const usages = (certificate.keyUsage as readonly string[] | undefined) ?? [];
  if (!usages.includes(clientAuth)) return undefined;
  return {
    fingerprint256: createHash("sha256").update(certificate.raw).digest("base64url"),
    subject: certificate.subject,
    validTo: certificate.validToDate.getTime(),
  };
};

/** How many certificates a PEM text holds. Throws when one of them cannot be read. */
export const certificatesIn = (pem: string): number =>
  (pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).map((one) => new X509Certificate(one)).length;
