/**
 * Who a key belongs to. Looked up by the key's hash, remembered for a second: a revoked or changed key is refused at most a second later.
 */
import type { Principal } from "../../define/function.ts";
import type { MaybePromise, Row, RowsShape, Store } from "../../store/store.ts";
import type { Table } from "../../store/table.ts";
import { andThen } from "../condition.ts";
import { type Refusal, refuse } from "../refusal.ts";
import { environmentOfKey, hashOfKey } from "./api-key.ts";

export type Caller = Principal & { readonly realm: number };

/** Realm of what belongs to the installation itself and not to a tenant. */
export const installationRealm = 0;

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
};

const keyShape: RowsShape = {
  kind: "rows",
  key: "pons_keys.byHash",
  table: keysTable,
  joins: [],
  links: [],
  params: [{ name: "hash", type: "text" }],
  where: { op: "eq", left: { field: ["hash"] }, right: { param: "hash" } },
  select: ["hash", "tenant", "environment", "app", "user", "subject", "roles", "expiresAt", "revokedAt"],
  order: [{ path: ["hash"], direction: "asc" }],
};

const rememberedMsMax = 1_000;
const rememberedMax = 100_000;

interface Known {
  readonly caller: Caller;
  readonly expiresMs: number;
  readonly readMs: number;
}

export class KeyDirectory {
  readonly #store: Store;
  readonly #realmOf: (tenant: string, environment: string) => MaybePromise<number>;
  readonly #clock: () => number;
  readonly #known = new Map<string, Known>();

  constructor(
    store: Store,
    options: { readonly realmOf: (tenant: string, environment: string) => MaybePromise<number>; readonly clock?: () => number },
  ) {
    this.#store = store;
    this.#realmOf = options.realmOf;
    this.#clock = options.clock ?? Date.now;
  }

  /** The caller a key stands for, or the refusal. Answers at once when the key was seen within the last second. */
  callerOf(secret: string): MaybePromise<Caller | Refusal> {
    const hash = hashOfKey(secret);
    const known = this.#known.get(hash);
    const now = this.#clock();
    if (known !== undefined && now - known.readMs < rememberedMsMax && now < known.expiresMs) return known.caller;
    if (environmentOfKey(secret) === undefined) return refuse("invalid_credentials");
    return andThen(this.#store.read(keyShape, [{ realm: installationRealm, params: [hash], limit: 1 }]), (lists) =>
      this.#take(hash, lists[0]?.[0], now),
    );
  }

  #take(hash: string, row: Row | undefined, now: number): MaybePromise<Caller | Refusal> {
    const expiresMs = typeof row?.["expiresAt"] === "string" ? Date.parse(row["expiresAt"]) : Number.POSITIVE_INFINITY;
    if (row === undefined || row["revokedAt"] !== null || expiresMs <= now) {
      this.#known.delete(hash);
      return refuse("invalid_credentials");
    }
    const tenant = row["tenant"] as string;
    const environment = row["environment"] as string;
    return andThen(this.#realmOf(tenant, environment), (realm) => {
      const caller: Caller = {
        tenant,
        environment,
        realm,
        app: row["app"] as string | null,
        user: row["user"] as string | null,
        subject: row["subject"] as string | null,
        roles: (row["roles"] as string[]).toSorted(),
      };
      if (this.#known.size >= rememberedMax) this.#known.clear();
      this.#known.set(hash, { caller, expiresMs, readMs: now });
      return caller;
    });
  }
}
