/** Webhooks as the directory has them, of all tenants. */
import type { DirectoryRecord } from "../../pipeline/identity/directory.ts";
import { directoryTable } from "../../pipeline/identity/directory-tables.ts";
import { installationRealm } from "../../pipeline/identity/realm.ts";
import type { WebhookSigning } from "../../events/webhooks/index.ts";
import type { RowsShape, Store } from "../../store/index.ts";

/** Kind of their entries; the name is the webhook's id. */
export const webhookKind = "webhook";

/** Events that are delivered again. */
export interface Replay {
  readonly id: string;
  /** Position as text; null: `since` is given. */
  readonly after: string | null;
  readonly since: string | null;
  readonly until: string;
}

/** What its row publishes. */
export interface WebhookValue {
  readonly app: string;
  readonly environment: string;
  readonly service: string;
  readonly url: string;
  readonly types: readonly string[];
  readonly filters: Readonly<Record<string, readonly string[]>>;
  readonly concurrency: number;
  readonly signing: WebhookSigning;
  readonly keys: readonly { readonly number: number; readonly expiresAt: string | null }[];
  readonly status: "active" | "paused" | "disabled";
  readonly startAt: string | null;
  readonly replay: Replay | null;
  readonly revision: number;
}

export interface Webhook extends WebhookValue {
  readonly id: string;
  /** Realm of its row: the tenant's as a whole. */
  readonly owner: number;
}

const pageMax = 500;

const pageShape: RowsShape = {
  kind: "rows",
  key: "pons_directory.webhooks",
  table: directoryTable,
  joins: [],
  links: [],
  params: [
    { name: "kind", type: "text" },
    { name: "after", type: "text" },
  ],
  where: {
    op: "and",
    of: [
      { op: "eq", left: { field: ["kind"] }, right: { param: "kind" } },
      { op: "gt", left: { field: ["name"] }, right: { param: "after" } },
    ],
  },
  select: ["name", "owner", "value"],
  order: [
    { path: ["kind"], direction: "asc" },
    { path: ["name"], direction: "asc" },
  ],
};

/** The webhook of a directory's entry. */
export const webhookOf = (id: string, { owner, value }: Pick<DirectoryRecord, "owner" | "value">): Webhook => ({
  ...(value as unknown as WebhookValue),
  id,
  owner,
});

/** All webhooks of the installation, a page at a time. Throws `StoreError`. */
export async function* allWebhooks(store: Store): AsyncGenerator<readonly Webhook[], void, undefined> {
  for (let after = ""; ;) {
    const [rows = []] = await store.read(pageShape, [{ realm: installationRealm, params: [webhookKind, after], limit: pageMax }]);
    if (rows.length > 0)
      yield rows.map((row) =>
        webhookOf(row["name"] as string, { owner: row["owner"] as number, value: row["value"] as Record<string, unknown> }),
      );
    if (rows.length < pageMax) return;
    after = rows.at(-1)?.["name"] as string;
  }
}
