/** Fields of a key. */
import { declare, type RowOf, t } from "pons";
import { environments } from "./session-fields.ts";

export const keysMax = 50;
export const overlapSecondsMax = 30 * 86_400;
export const overlapSecondsDefault = 7 * 86_400;

export const keyKinds = ["api", "secret", "hmac", "ed25519", "certificate"] as const;
export type KeyKind = (typeof keyKinds)[number];

const hidden = { write: "never", read: [], filter: false } as const;

/** What a key is limited to. */
export const keyLimits = {
  ips: t.array(t.string({ minLength: 2, maxLength: 64, example: "192.0.2.0/24" }), {
    optional: true,
    minItems: 1,
    maxItems: 50,
    filter: false,
    doc: "Addresses and networks (CIDR) from which it counts; absent: any. Of kind `api` only.",
  }),
  operations: t.array(
    t.string({
      maxLength: 160,
      pattern: "[a-z][a-z0-9]*\\.(\\*|[a-zA-Z][a-zA-Z0-9]*(\\.(\\*|[a-zA-Z][a-zA-Z0-9]*))?)",
      example: "bank.accounts.*",
    }),
    {
      optional: true,
      minItems: 1,
      maxItems: 100,
      filter: false,
      doc: "Operations that it may call; absent: any. Of kind `api` only.",
    },
  ),
  scopes: t.array(t.string({ maxLength: 160, pattern: "[a-z][a-zA-Z0-9._]*(:(read|write))?", example: "bank:read" }), {
    optional: true,
    minItems: 1,
    maxItems: 100,
    filter: false,
    doc: "Scopes that it is limited to; absent: any. Of kind `api` only.",
  }),
};

export const keyFields = {
  id: t.id("key"),
  app: t.ref("apps", { write: "never" }),
  owner: t.string({ ...hidden, optional: true, maxLength: 64 }),
  tenant: t.string({ ...hidden, maxLength: 63 }),
  name: t.string({ minLength: 1, maxLength: 64, doc: "What its owner calls it.", example: "Web server" }),
  kind: t.enum(keyKinds, {
    write: "never",
    index: true,
    doc: "api: sent as a bearer. secret: for Basic, and of an OAuth client. hmac, ed25519: signs requests. certificate: of the client, in TLS.",
  }),
  environment: t.enum(environments, { write: "never", index: true }),
  ...keyLimits,
  hint: t.string({
    optional: true,
    maxLength: 64,
    write: "never",
    filter: false,
    doc: "Beginning and end, to tell keys apart.",
    example: "pons_live_Ab3d…9fQz",
  }),
  hash: t.string({ ...hidden, optional: true, maxLength: 64, secret: true }),
  publicKey: t.text({
    optional: true,
    maxLength: 16_384,
    write: "never",
    filter: false,
    doc: "ed25519: SubjectPublicKeyInfo, base64.",
  }),
  fingerprint: t.string({
    optional: true,
    maxLength: 64,
    write: "never",
    filter: false,
    doc: "certificate: its SHA-256, base64url.",
  }),
  status: t.enum(["active", "revoked", "expired"], { default: "active", write: "never", index: true }),
  replacedBy: t.string({ optional: true, maxLength: 64, write: "never", doc: "The key that took its place." }),
  expiresAt: t.dateTime({ optional: true, write: "never", doc: "From then on it does not count; absent: never." }),
  dueAt: t.dateTime({ ...hidden, optional: true }),
  revokedAt: t.dateTime({ optional: true, write: "never" }),
  lastUsedAt: t.dateTime({ optional: true, write: "never", index: true, doc: "To the minute." }),
  createdBy: t.string({ optional: true, maxLength: 64, write: "never" }),
  createdAt: t.dateTime({ set: "created", index: true }),
};

export type Key = RowOf<typeof keyFields>;

export const keys = declare("keys", {
  doc: "Credentials of apps. What is secret is shown once, when it is made, and kept only as a hash.",
  fields: keyFields,
});
