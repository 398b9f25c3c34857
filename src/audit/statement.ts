/**
 * Checkpoints: what a process states about chains that it wrote, signed with the installation's Ed25519 key (RFC 8032). A chain alone shows that a row
 * in its midst was touched; a checkpoint that is kept elsewhere shows that its end was cut off, or that all of it was made anew.
 *
 *   {"stream":"5f0c…","seq":12,"at":"2026-03-01T12:00:10.000Z","previous":"9a41…",
 *    "journal":[[realm, seq, "hash"], …],"refusals":[[realm, "stream", seq, "hash"], …]}
 *
 * `stream` is the process, `seq` counts its checkpoints, `previous` is the SHA-256 of its statement before (64 zeros for the first). The signature is
 * over the UTF-8 bytes of the text as it stands.
 */
import { createPrivateKey, createPublicKey, hkdfSync, type KeyObject, sign, verify } from "node:crypto";
import { chainHash } from "../batch/chain.ts";

export interface Statement {
  readonly stream: string;
  readonly seq: number;
  readonly at: string;
  readonly previous: string;
  readonly journal: readonly (readonly [realm: number, seq: number, hash: string])[];
  readonly refusals: readonly (readonly [realm: number, stream: string, seq: number, hash: string])[];
}

/** A statement as it is kept and exported. */
export interface SignedStatement {
  readonly statement: string;
  readonly signer: string;
  /** Base64url without padding. */
  readonly signature: string;
}

export interface PublicKey {
  /** First 16 hex digits of the SHA-256 of the raw key. */
  readonly id: string;
  /** The raw key, 32 bytes, base64url without padding. */
  readonly raw: string;
  /** SubjectPublicKeyInfo, PEM (RFC 8410). */
  readonly pem: string;
  readonly object: KeyObject;
}

export interface SigningKey {
  readonly public: PublicKey;
  readonly private: KeyObject;
}

const keyBytes = 32;
/** PKCS #8 of an Ed25519 key up to the key itself (RFC 8410 section 7). */
const pkcs8Head = Buffer.from("302e020100300506032b657004220420", "hex");

const publicKeyOf = (object: KeyObject): PublicKey => {
  const raw = String(object.export({ format: "jwk" }).x);
  const id = new Bun.CryptoHasher("sha256").update(Buffer.from(raw, "base64url")).digest("hex").slice(0, 16);
  return { id, raw, pem: object.export({ format: "pem", type: "spki" }), object };
};

/** The key of an installation: all nodes derive the same one from its secret (HKDF, RFC 5869), so that none is kept anywhere. */
export const signingKeyOf = (secret: string): SigningKey => {
  const seed = hkdfSync("sha256", secret, "", "pons audit checkpoints 1", keyBytes);
  const key = createPrivateKey({ key: Buffer.concat([pkcs8Head, Buffer.from(seed)]), format: "der", type: "pkcs8" });
  return { private: key, public: publicKeyOf(createPublicKey(key)) };
};

/** A public key as `pons audit key` prints it. Throws a `TypeError` for anything else. */
export const publicKeyFrom = (text: string): PublicKey => {
  try {
    const isPem = text.includes("-----BEGIN");
    const key = isPem
      ? createPublicKey(text)
      : createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x: text.trim() }, format: "jwk" });
    if (key.asymmetricKeyType === "ed25519") return publicKeyOf(key);
  } catch (error) {
    throw new TypeError("this is no Ed25519 public key", { cause: error });
  }
  throw new TypeError("this is no Ed25519 public key");
};

export const signStatement = (statement: Statement, key: SigningKey): SignedStatement => {
  const text = JSON.stringify(statement);
  const signature = sign(null, Buffer.from(text), key.private).toString("base64url");
  return { statement: text, signer: key.public.id, signature };
};

export const isSignedBy = ({ statement, signature }: SignedStatement, { object }: PublicKey): boolean =>
  verify(null, Buffer.from(statement), object, Buffer.from(signature, "base64url"));

/** What the next statement of a stream names as `previous`. */
export const statementHash = (statement: string): string => chainHash(statement);

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isText = (value: unknown): value is string => typeof value === "string";

const isJournalHead = (head: unknown): head is Statement["journal"][number] =>
  Array.isArray(head) && head.length === 3 && isCount(head[0]) && isCount(head[1]) && isText(head[2]);

const isRefusalsHead = (head: unknown): head is Statement["refusals"][number] =>
  Array.isArray(head) && head.length === 4 && isCount(head[0]) && isText(head[1]) && isCount(head[2]) && isText(head[3]);

/** A statement's text as what it says; `undefined` where it is none. */
export const parseStatement = (text: string): Statement | undefined => {
  let value: Partial<Record<keyof Statement, unknown>> | null;
  try {
    value = JSON.parse(text) as typeof value;
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { stream, seq, at, previous, journal, refusals } = value;
  if (!isText(stream) || !isCount(seq) || !isText(at) || !isText(previous)) return undefined;
  if (!Array.isArray(journal) || !Array.isArray(refusals)) return undefined;
  if (!journal.every(isJournalHead) || !refusals.every(isRefusalsHead)) return undefined;
  return { stream, seq, at, previous, journal, refusals };
};
