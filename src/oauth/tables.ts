/**
 * Tables of the authorization server. Both belong to the installation and not to a tenant.
 *
 *   pons_oidc       what the server has to remember: sessions, interactions, grants, codes, refresh tokens, pushed requests, proofs that were
 *                   used, and which grants were revoked. Ids that would be of use to a thief are stored as SHA-256 only.
 *   pons_oidc_keys  the keys that sign tokens, the private part sealed with a key made from the installation's secret.
 */
import type { Column, ColumnType, Table } from "../store/index.ts";

const column = (field: string, type: ColumnType, options: { readonly nullable?: true } = {}): Column => ({
  field,
  name: field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
  type,
  nullable: options.nullable === true,
});

export const oidcTable: Table = {
  name: "pons_oidc",
  columns: [
    // `RefreshToken`, `Session` …, as the library names them; `Revocation` is ours.
    column("model", "text"),
    column("id", "text"),
    column("payload", "json"),
    column("grantId", "text", { nullable: true }),
    // Of sessions: tokens that end with a session name it by this.
    column("uid", "text", { nullable: true }),
    column("accountId", "text", { nullable: true }),
    column("clientId", "text", { nullable: true }),
    column("expiresAt", "timestamp"),
    column("consumedAt", "timestamp", { nullable: true }),
  ],
  key: ["model", "id"],
  indexes: [
    { name: "pons_oidc_grant_idx", fields: ["grantId"], unique: false, sparse: true },
    { name: "pons_oidc_uid_idx", fields: ["uid"], unique: false, sparse: true },
    { name: "pons_oidc_account_idx", fields: ["accountId"], unique: false, sparse: true },
    { name: "pons_oidc_client_idx", fields: ["clientId"], unique: false, sparse: true },
    { name: "pons_oidc_expires_idx", fields: ["expiresAt"], unique: false },
  ],
  references: [],
  appendOnly: false,
};

export const oidcKeysTable: Table = {
  name: "pons_oidc_keys",
  columns: [
    // Counts the rotations: two nodes that rotate at once make one generation.
    column("generation", "integer"),
    column("alg", "text"),
    column("kid", "text"),
    column("publicKey", "json"),
    column("sealedKey", "text"),
    // Published from the moment it is made, used from this one.
    column("activeAt", "timestamp"),
    // Null: nothing came after it yet.
    column("expiresAt", "timestamp", { nullable: true }),
  ],
  key: ["generation", "alg"],
  indexes: [],
  references: [],
  appendOnly: false,
};

export const oauthTables: readonly Table[] = [oidcTable, oidcKeysTable];
