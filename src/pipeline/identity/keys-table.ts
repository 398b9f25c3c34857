/** Keys granted by the host itself (`pons keys create`, the demo tenant): kept as SHA-256 only, published in the directory like those of apps. */
import { entry } from "../../define/resource.ts";
import type { Value } from "../../define/expression.ts";
import type { Table } from "../../store/table.ts";
import type { KeyEntry } from "./entries.ts";

/** Characters of the hash that name a key in commands. */
export const keyIdLength = 12;

export const keysTable: Table = {
  name: "pons_keys",
  columns: [
    { field: "hash", name: "hash", type: "text", nullable: false },
    { field: "prefix", name: "prefix", type: "text", nullable: false },
    { field: "tenant", name: "tenant", type: "text", nullable: false },
    { field: "environment", name: "environment", type: "text", nullable: false },
    { field: "app", name: "app", type: "text", nullable: true },
    { field: "user", name: "user_name", type: "text", nullable: true },
    { field: "subject", name: "subject", type: "text", nullable: true },
    { field: "roles", name: "roles", type: "json", nullable: false },
    { field: "createdAt", name: "created_at", type: "timestamp", nullable: false },
    { field: "expiresAt", name: "expires_at", type: "timestamp", nullable: true },
    { field: "revokedAt", name: "revoked_at", type: "timestamp", nullable: true },
  ],
  key: ["hash"],
  indexes: [],
  references: [],
  appendOnly: false,
  directory: (row) => {
    if (row["revokedAt"] !== null) return [];
    const { hash, tenant, environment, app, user, subject, roles, expiresAt } = row as Record<string, Value>;
    const value = {
      id: (hash as string).slice(0, keyIdLength),
      tenant,
      environment,
      app,
      user,
      subject,
      roles,
      scopes: null,
      ips: null,
      operations: null,
      expiresAt,
    };
    return [entry("key", hash as string, value as unknown as Record<keyof KeyEntry, Value>)];
  },
};
