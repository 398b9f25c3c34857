/** Grants API keys: rows of `pons_keys`, written by the writer like every change. A key itself is not stored, only its hash. */
import { hashOfKey, shownPrefix } from "../pipeline/identity/api-key.ts";
import { installationRealm, keysTable } from "../pipeline/identity/key-directory.ts";
import type { RowsShape } from "../store/index.ts";
import type { App } from "./app.ts";

export interface Grant {
  readonly key: string;
  readonly tenant: string;
  readonly environment: string;
  readonly app: string;
  /** The person, by e-mail address; null for an app's own key. */
  readonly user: string | null;
  /** The row the login stands for. */
  readonly subject: string | null;
  readonly roles: readonly string[];
}

const origin = {
  operation: "pons.keys.grant",
  channel: "host",
  requestId: "start",
  address: null,
  app: null,
  user: null,
  subject: null,
};

/** Grants keys in one commit. A key that is there gets these roles and this subject; a revoked one stays revoked. */
export const grantKeys = async (app: Pick<App, "writer">, grants: readonly Grant[]): Promise<void> => {
  const entries = grants.map(({ key, ...rest }) => ({ hash: hashOfKey(key), prefix: shownPrefix(key), ...rest }));
  const [outcome] = await app.writer.submit({
    steps: [
      {
        realm: installationRealm,
        origin,
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
                expiresAt: null,
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
