/**
 * API keys of an installation: rows of `pons_keys`, granted and revoked by the writer like every change, so that the journal tells who did. A key
 * itself is not stored, only its hash.
 */
import type { Command } from "../batch/index.ts";
import { hashOfKey, shownPrefix } from "../pipeline/identity/api-key.ts";
import { keysTable } from "../pipeline/identity/keys-table.ts";
import { installationRealm } from "../pipeline/identity/realm.ts";
import type { Row, RowsShape } from "../store/index.ts";
import type { App } from "./app.ts";

export interface Grant {
  readonly key: string;
  readonly tenant: string;
  readonly environment: string;
  /** The application that uses it. */
  readonly app: string | null;
  /** The person, by e-mail address; null for an app's own key. */
  readonly user: string | null;
  /** The row the login stands for. */
  readonly subject: string | null;
  readonly roles: readonly string[];
  /** From then on it is refused, RFC 3339 in UTC; never when absent. */
  readonly expiresAt?: string;
}

/** Who grants or revokes, as the journal tells it. */
export type KeyOrigin = Pick<Command["origin"], "channel" | "requestId">;

const originOf = (operation: string, { channel, requestId }: KeyOrigin): Command["origin"] => ({
  operation,
  channel,
  requestId,
  address: null,
  app: null,
  user: null,
  subject: null,
});

const atStart: KeyOrigin = { channel: "host", requestId: "start" };

/** Grants keys in one commit. A key that is there gets these roles and this subject; a revoked one stays revoked. */
export const grantKeys = async (
  app: Pick<App, "writer">,
  grants: readonly Grant[],
  origin: KeyOrigin = atStart,
): Promise<void> => {
  const entries = grants.map(({ key, expiresAt = null, ...rest }) => ({
    hash: hashOfKey(key),
    prefix: shownPrefix(key),
    ...rest,
    expiresAt,
  }));
  const [outcome] = await app.writer.submit({
    steps: [
      {
        realm: installationRealm,
        origin: originOf("pons.keys.grant", origin),
        sequences: [],
        needs: [() => entries.map(({ hash }) => ({ by: "key" as const, table: keysTable, key: [hash] }))],
        evaluate(unit) {
          for (const entry of entries) {
            const roles = [...entry.roles];
            const held = unit.rows.entry(keysTable, installationRealm, [entry.hash]);
            if (held?.current !== undefined) unit.rows.set(held, { ...held.current, ...entry, roles });
            else
              unit.insert(keysTable, installationRealm, {
                ...entry,
                roles,
                createdAt: unit.now,
                revokedAt: null,
              });
          }
          return { ok: true, status: 204, data: () => undefined };
        },
      },
    ],
  });
  if (outcome?.ok !== true) throw new Error("the keys were not granted", { cause: outcome });
};

const activeShape: RowsShape = {
  kind: "rows",
  key: "pons_keys.activeOfTenant",
  table: keysTable,
  joins: [],
  links: [],
  params: [{ name: "tenant", type: "text" }],
  where: {
    op: "and",
    of: [
      { op: "eq", left: { field: ["tenant"] }, right: { param: "tenant" } },
      { op: "null", left: { field: ["revokedAt"] } },
    ],
  },
  select: ["prefix"],
  order: [{ path: ["hash"], direction: "asc" }],
};

/** Whether a tenant has a key that was not revoked. */
export const hasKeys = async (app: Pick<App, "store">, tenant: string): Promise<boolean> => {
  const lists = await app.store.read(activeShape, [{ realm: installationRealm, params: [tenant], limit: 1 }]);
  return (lists[0]?.length ?? 0) > 0;
};

/** A key as its owner may see it. */
export interface HeldKey {
  /** The first characters of its hash: names it in commands. */
  readonly id: string;
  /** SHA-256 of the key, hex. */
  readonly hash: string;
  /** How the key begins. */
  readonly prefix: string;
  readonly tenant: string;
  readonly environment: string;
  readonly app: string | null;
  readonly user: string | null;
  readonly subject: string | null;
  readonly roles: readonly string[];
  readonly createdAt: string;
  readonly expiresAt: string | null;
  readonly revokedAt: string | null;
}

const idLength = 12;
const keysPerChunk = 500;

const heldFields = ["prefix", "tenant", "environment", "app", "user", "subject", "roles", "createdAt", "expiresAt", "revokedAt"];

const heldShape: RowsShape = {
  kind: "rows",
  key: "pons_keys.all",
  table: keysTable,
  joins: [],
  links: [],
  params: [],
  select: ["hash", ...heldFields],
  order: [{ path: ["hash"], direction: "asc" }],
};

const heldKey = (row: Row): HeldKey => {
  const { hash } = row as { readonly hash: string };
  return { id: hash.slice(0, idLength), ...(row as unknown as Omit<HeldKey, "id">), hash };
};

/** All keys of the installation, a chunk at a time. */
export async function* heldKeys(app: Pick<App, "store">): AsyncGenerator<HeldKey> {
  const chunks = app.store.scan(heldShape, { realm: installationRealm, params: [] }, { chunk: keysPerChunk });
  for await (const rows of chunks) for (const row of rows) yield heldKey(row);
}

/** Revokes a key by its hash; servers refuse it a second later at most. Returns when it was revoked, now or before. */
export const revokeKey = async (app: Pick<App, "writer">, hash: string, origin: KeyOrigin): Promise<string> => {
  let revokedAt = "";
  const [outcome] = await app.writer.submit({
    steps: [
      {
        realm: installationRealm,
        origin: originOf("pons.keys.revoke", origin),
        sequences: [],
        needs: [() => [{ by: "key" as const, table: keysTable, key: [hash] }]],
        evaluate(unit) {
          const held = unit.rows.entry(keysTable, installationRealm, [hash]);
          if (held?.current === undefined) throw new Error(`there is no key of hash ${hash}`);
          const before = held.current["revokedAt"];
          revokedAt = typeof before === "string" ? before : unit.now;
          if (before === null) unit.rows.set(held, { ...held.current, revokedAt });
          return { ok: true, status: 204, data: () => undefined };
        },
      },
    ],
  });
  if (outcome?.ok !== true) throw new Error("the key was not revoked", { cause: outcome });
  return revokedAt;
};
