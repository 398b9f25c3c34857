/**
 * The keys that sign tokens. Each generation has two: Ed25519 for access tokens, which our own nodes verify, and P-256 for ID tokens, since every
 * client can verify those. A new generation is published before it is used, so that nobody meets a key they could not have fetched; an old one stays
 * published until the last token it signed has expired. Private keys are stored sealed (AES-256-GCM) under a key made from the installation's secret.
 *
 *   generation 1  ├── used ──────────────────┤─ tokens expire ─┤
 *   generation 2               ├─ published ─┼── used ─────────────────…
 */
import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from "node:crypto";
import { installationRealm as realm } from "../pipeline/identity/realm.ts";
import { type Row, type RowsShape, type Store, StoreError } from "../store/index.ts";
import type { JsonWebKey } from "./client.ts";
import { oidcKeysTable as table } from "./tables.ts";

export type Algorithm = "EdDSA" | "ES256";
export const accessTokenAlg: Algorithm = "EdDSA";
export const idTokenAlg: Algorithm = "ES256";

export interface SigningKey {
  readonly generation: number;
  readonly alg: Algorithm;
  /** RFC 7638 thumbprint. */
  readonly kid: string;
  readonly publicJwk: JsonWebKey;
  readonly privateJwk: JsonWebKey;
  readonly publicKey: KeyObject;
  /** Milliseconds since the epoch. */
  readonly activeMs: number;
  /** Undefined: nothing came after it yet. */
  readonly expiresMs: number | undefined;
}

export interface SigningKeysOptions {
  readonly secret: string;
  readonly clock?: () => number;
  /** A generation is replaced when it has been in use for so long. */
  readonly rotateMs?: number;
  /** A new generation is published for so long before it is used: longer than anybody caches our keys. */
  readonly publishMs?: number;
  /** The longest life of a token, with room for clocks that differ. */
  readonly tokenMsMax: number;
  /** A key that cannot be opened: the secret is another one than it was sealed with. */
  readonly onError?: (error: unknown) => void;
}

const rotateMsDefault = 30 * 24 * 3_600_000;
const publishMsDefault = 3_600_000;
const rowsMax = 1_000;

const shape: RowsShape = {
  kind: "rows",
  key: "pons_oidc_keys.all",
  table,
  joins: [],
  links: [],
  params: [],
  select: table.columns.map(({ field }) => field),
  order: [
    { path: ["generation"], direction: "desc" },
    { path: ["alg"], direction: "asc" },
  ],
};

/** Milliseconds since the epoch; undefined when there is none. */
const momentOf = (row: Row, field: "activeAt" | "expiresAt"): number | undefined => {
  const moment = row[field];
  return typeof moment === "string" ? Date.parse(moment) : undefined;
};

/** RFC 7638, over the members that make the key. */
const thumbprintOf = ({ crv, kty, x, y }: JsonWebKey): string =>
  new Bun.CryptoHasher("sha256")
    .update(JSON.stringify(y === undefined ? { crv, kty, x } : { crv, kty, x, y }))
    .digest("base64url");

const newPrivateKey = (alg: Algorithm): KeyObject =>
  (alg === "EdDSA" ? generateKeyPairSync("ed25519") : generateKeyPairSync("ec", { namedCurve: "P-256" })).privateKey;

const ivBytes = 12;
const tagBytes = 16;

/** Seals and opens private keys; a sealed key opens under its own `kid` only. */
class Vault {
  readonly #key: Buffer;

  constructor(secret: string) {
    this.#key = Buffer.from(hkdfSync("sha256", secret, "", "pons oauth signing keys", 32));
  }

  seal(jwk: JsonWebKey, kid: string): string {
    const iv = randomBytes(ivBytes);
    const cipher = createCipheriv("aes-256-gcm", this.#key, iv).setAAD(Buffer.from(kid));
    const sealed = Buffer.concat([cipher.update(JSON.stringify(jwk)), cipher.final()]);
    return Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString("base64url");
  }

  /** Throws when it was sealed with another secret, under another name, or changed. */
  open(text: string, kid: string): JsonWebKey {
    const bytes = Buffer.from(text, "base64url");
    const decipher = createDecipheriv("aes-256-gcm", this.#key, bytes.subarray(0, ivBytes)).setAAD(Buffer.from(kid));
    decipher.setAuthTag(bytes.subarray(ivBytes, ivBytes + tagBytes));
    const opened = Buffer.concat([decipher.update(bytes.subarray(ivBytes + tagBytes)), decipher.final()]);
    return JSON.parse(opened.toString()) as JsonWebKey;
  }
}

export class SigningKeys {
  readonly #store: Store;
  readonly #vault: Vault;
  readonly #clock: () => number;
  readonly #rotateMs: number;
  readonly #publishMs: number;
  readonly #tokenMsMax: number;
  readonly #onError: (error: unknown) => void;
  /** Of a `kid`, so that a key is opened once. */
  #opened: ReadonlyMap<string, SigningKey> = new Map();
  #reported = new Set<string>();

  constructor(store: Store, options: SigningKeysOptions) {
    this.#store = store;
    this.#vault = new Vault(options.secret);
    this.#clock = options.clock ?? Date.now;
    this.#rotateMs = options.rotateMs ?? rotateMsDefault;
    this.#publishMs = options.publishMs ?? publishMsDefault;
    this.#tokenMsMax = options.tokenMsMax;
    this.#onError = options.onError ?? (() => undefined);
  }

  /** Reads what other nodes have changed, and rotates what is old. At the first call there is a key afterwards. Throws `StoreError`. */
  async refresh(): Promise<void> {
    await this.#load();
    if (this.#isDue([...this.#opened.values()].map(({ activeMs }) => activeMs))) await this.#replace("due");
  }

  /** Published now, newest first. */
  published(): readonly SigningKey[] {
    const nowMs = this.#clock();
    return [...this.#opened.values()].filter(({ expiresMs }) => expiresMs === undefined || expiresMs > nowMs);
  }

  /** The key to sign with. */
  current(alg: Algorithm): SigningKey {
    const nowMs = this.#clock();
    const key = this.published().find((candidate) => candidate.alg === alg && candidate.activeMs <= nowMs);
    if (key === undefined) throw new Error(`there is no key to sign with ${alg}`);
    return key;
  }

  /** The key that a token names; undefined when it is not published. */
  byKid(kid: string): SigningKey | undefined {
    const key = this.#opened.get(kid);
    return key !== undefined && (key.expiresMs === undefined || key.expiresMs > this.#clock()) ? key : undefined;
  }

  /**
   * Makes a new generation, which is used once it has been published for long enough; nothing happens while one waits for that. `compromised`: it is
   * used at once, and what was signed before is worth nothing.
   */
  rotate({ compromised = false }: { readonly compromised?: boolean } = {}): Promise<void> {
    return this.#replace(compromised ? "compromised" : "asked");
  }

  /** Whether the newest of these moments is too long ago; of none it is. */
  #isDue(activeMs: readonly number[]): boolean {
    return Math.max(...activeMs) + this.#rotateMs <= this.#clock();
  }

  async #replace(why: "due" | "asked" | "compromised"): Promise<void> {
    const compromised = why === "compromised";
    try {
      await this.#store.write(async (tx) => {
        const [rows = []] = await tx.read(shape, [{ realm, params: [], limit: rowsMax }]);
        const nowMs = this.#clock();
        const usable = rows.filter((row) => this.#open(row) !== undefined);
        const moments = usable.map((row) => momentOf(row, "activeAt") ?? 0);
        if (!compromised && moments.some((moment) => moment > nowMs)) return;
        // Another node may have done it since this one looked.
        if (why === "due" && !this.#isDue(moments)) return;
        const activeMs = compromised || usable.length === 0 ? nowMs : nowMs + this.#publishMs;
        const expiresMs = compromised ? nowMs : activeMs + this.#tokenMsMax;
        const generation = Math.max(0, ...rows.map((row) => Number(row["generation"]))) + 1;
        const isOver = (row: Row): boolean => (momentOf(row, "expiresAt") ?? Infinity) <= nowMs;
        const rest = rows.filter((row) => !isOver(row) && (compromised || row["expiresAt"] === null));
        const keyOf = (row: Row) => ({ realm, key: [row["generation"] as number, row["alg"] as string] });
        await tx.apply([
          {
            table,
            inserts: [accessTokenAlg, idTokenAlg].map((alg) => ({ realm, row: this.#newRow(generation, alg, activeMs) })),
            updates: rest.map((row) => ({ ...keyOf(row), changes: { expiresAt: new Date(expiresMs).toISOString() } })),
            deletes: rows.filter(isOver).map(keyOf),
          },
        ]);
      });
    } catch (error) {
      // Another node has made the same generation.
      if (!(error instanceof StoreError) || error.kind !== "unique") throw error;
    }
    await this.#load();
  }

  async #load(): Promise<void> {
    const [rows = []] = await this.#store.read(shape, [{ realm, params: [], limit: rowsMax }]);
    const keys = rows.map((row) => this.#open(row)).filter((key) => key !== undefined);
    this.#opened = new Map(keys.map((key) => [key.kid, key]));
  }

  #newRow(generation: number, alg: Algorithm, activeMs: number): Row {
    const privateKey = newPrivateKey(alg);
    const publicJwk = createPublicKey(privateKey).export({ format: "jwk" });
    const kid = thumbprintOf(publicJwk);
    return {
      generation,
      alg,
      kid,
      publicKey: { ...publicJwk } as Row,
      sealedKey: this.#vault.seal(privateKey.export({ format: "jwk" }), kid),
      activeAt: new Date(activeMs).toISOString(),
      expiresAt: null,
    };
  }

  #open(row: Row): SigningKey | undefined {
    const kid = row["kid"] as string;
    const expiresMs = momentOf(row, "expiresAt");
    const known = this.#opened.get(kid);
    if (known !== undefined) return { ...known, expiresMs };
    try {
      const privateJwk = this.#vault.open(row["sealedKey"] as string, kid);
      // Not what the row says beside it: only the sealed key is known to be ours.
      const publicKey = createPublicKey(createPrivateKey({ key: privateJwk, format: "jwk" }));
      return {
        generation: Number(row["generation"]),
        alg: row["alg"] as Algorithm,
        kid,
        publicJwk: publicKey.export({ format: "jwk" }),
        privateJwk,
        publicKey,
        activeMs: Date.parse(row["activeAt"] as string),
        expiresMs,
      };
    } catch (error) {
      if (!this.#reported.has(kid)) this.#onError(new Error(`the signing key ${kid} cannot be opened`, { cause: error }));
      if (this.#reported.size < rowsMax) this.#reported.add(kid);
      return undefined;
    }
  }
}
