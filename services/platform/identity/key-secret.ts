/** Makes the secrets of keys, and says what is kept of them and told to every node. */
import {
  type CommandContext,
  hashOfKey,
  newApiKey,
  newSessionToken,
  readCertificate,
  readEd25519Key,
  shownPrefix,
  signingLabel,
} from "pons";
import type { App } from "./app-fields.ts";
import type { Key, KeyKind } from "./key-fields.ts";

export interface Given {
  readonly publicKey: string | null;
  readonly certificate: string | null;
}

/** What is kept, and what is shown once. */
export interface Minted {
  readonly kept: Pick<Key, "hint" | "hash" | "publicKey" | "fingerprint">;
  readonly secret: string | null;
  /** A certificate ends by itself. */
  readonly notAfter: string | null;
}

const nothing = { hint: null, hash: null, publicKey: null, fingerprint: null } as const;

const shown = (secret: string): string => `${secret.slice(0, 4)}…${secret.slice(-4)}`;

/** `undefined`: what was given is not what it should be. */
export const mint = (
  ctx: CommandContext,
  { id, kind, environment }: { readonly id: string; readonly kind: KeyKind; readonly environment: string },
  given: Given,
): Minted | undefined => {
  switch (kind) {
    case "api": {
      const secret = newApiKey(environment);
      return {
        kept: { ...nothing, hint: `${shownPrefix(secret)}…${secret.slice(-4)}`, hash: hashOfKey(secret) },
        secret,
        notAfter: null,
      };
    }
    case "secret": {
      const secret = newSessionToken();
      return { kept: { ...nothing, hint: shown(secret), hash: hashOfKey(secret) }, secret, notAfter: null };
    }
    case "hmac":
      // It has to be there again to check signatures with: it follows from the id, and is kept nowhere.
      return { kept: nothing, secret: ctx.derive(signingLabel(id)), notAfter: null };
    case "ed25519": {
      const publicKey = readEd25519Key(given.publicKey ?? "");
      return publicKey === undefined ? undefined : { kept: { ...nothing, publicKey }, secret: null, notAfter: null };
    }
    case "certificate": {
      const read = readCertificate(given.certificate ?? "");
      if (read === undefined || read.notAfter <= ctx.now) return undefined;
      return {
        kept: { ...nothing, fingerprint: read.fingerprint, hint: read.subject.slice(0, 64) },
        secret: null,
        notAfter: read.notAfter,
      };
    }
  }
};

interface Listed {
  readonly id: string;
  readonly environment: string;
  readonly expiresAt: string | null;
}

type Signer = Listed & { readonly algorithm: string; readonly publicKey: string | null };
type Secret = Listed & { readonly hash: string };

/** The app's lists without a key, and with it as it is now where it counts. */
export const listsWith = (app: Pick<App, "signers" | "secrets">, key: Key): Pick<App, "signers" | "secrets"> => {
  const { id, environment, expiresAt } = key;
  const signers = (app.signers as readonly Signer[]).filter((one) => one.id !== id);
  const secrets = (app.secrets as readonly Secret[]).filter((one) => one.id !== id);
  if (key.status !== "active") return { signers, secrets };
  if (key.kind === "secret" && key.hash !== null) secrets.push({ id, environment, hash: key.hash, expiresAt });
  if (key.kind === "hmac") signers.push({ id, environment, algorithm: "hmac-sha256", publicKey: null, expiresAt });
  if (key.kind === "ed25519") signers.push({ id, environment, algorithm: "ed25519", publicKey: key.publicKey, expiresAt });
  return { signers, secrets };
};
