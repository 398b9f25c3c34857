/**
 * What the authorization server remembers, in `pons_oidc`. Nodes may share it: every change is one transaction, and of two that want to use up
 * the same code, refresh token, pushed request or proof exactly one does.
 *
 * The ids of sessions, codes and refresh tokens are what a browser or a client holds, so they are stored as SHA-256 and given back to an entity
 * by whoever asked with the id itself.
 */
import { installationRealm as realm } from "../pipeline/identity/realm.ts";
import {
  type Key,
  type MaybePromise,
  type Row,
  type RowsShape,
  type Store,
  StoreError,
  type TableChanges,
  type WriteTransaction,
} from "../store/index.ts";
import { oidcTable as table } from "./tables.ts";

/** An entity as the library keeps it: JSON. `jti` is its id, `exp` in seconds since the epoch. */
export type Payload = Readonly<Record<string, unknown>>;

/** Entities whose id is no secret: others refer to it. */
const plainIds = new Set(["Grant", "ReplayDetection", "Revocation"]);
/** Rows that one transaction removes. */
const rowsPerStepMax = 500;
/** Grants that one call ends. */
const grantsMax = 10_000;
/** For how long an answer of `isRevoked` is good. */
const rememberedMsMax = 1_000;
const rememberedMax = 100_000;
/** Two nodes may make one row at the same moment; the second finds it when it tries again. */
const attemptsMax = 3;

const by = (key: string, fields: readonly string[]): RowsShape => ({
  kind: "rows",
  key: `pons_oidc.${key}`,
  table,
  joins: [],
  links: [],
  params: fields.map((name) => ({ name, type: "text" })),
  where: { op: "and", of: fields.map((field) => ({ op: "eq", left: { field: [field] }, right: { param: field } })) },
  select: ["model", "id", "payload", "expiresAt", "consumedAt"],
  order: [
    { path: ["model"], direction: "asc" },
    { path: ["id"], direction: "asc" },
  ],
});

const byId = by("byId", ["model", "id"]);
const byUid = by("byUid", ["uid", "model"]);
const byGrant = by("byGrant", ["grantId"]);
const byAccount = by("byAccount", ["accountId", "model"]);
const byClient = by("byClient", ["clientId", "model"]);
const expired: RowsShape = {
  ...byId,
  key: "pons_oidc.expired",
  params: [{ name: "before", type: "timestamp" }],
  where: { op: "lte", left: { field: ["expiresAt"] }, right: { param: "before" } },
  order: [
    { path: ["expiresAt"], direction: "asc" },
    { path: ["model"], direction: "asc" },
    { path: ["id"], direction: "asc" },
  ],
};

const storedId = (model: string, id: string): string =>
  plainIds.has(model) ? id : new Bun.CryptoHasher("sha256").update(`${model}:${id}`).digest("base64url");

const keyOf = (model: string, id: string): Key => ({ realm, key: [model, storedId(model, id)] });
const keyOfRow = (row: Row): Key => ({ realm, key: [row["model"] as string, row["id"] as string] });
const inserting = (row: Row): TableChanges => ({ table, inserts: [{ realm, row }], updates: [], deletes: [] });
const updating = ({ key }: Key, changes: Row): TableChanges => ({
  table,
  inserts: [],
  updates: [{ realm, key, changes }],
  deletes: [],
});
const deleting = (deletes: readonly Key[]): TableChanges => ({ table, inserts: [], updates: [], deletes });

const textOrNull = (value: unknown): string | null => (typeof value === "string" ? value : null);

/** Stands for the id where a payload names it. */
const idMark = "{id}";

/** The payload as it is stored: without the ids that are secrets. */
const kept = (model: string, id: string, payload: Payload): Row => {
  const { jti, session, returnTo, ...rest } = payload;
  const stored = {
    ...rest,
    ...(plainIds.has(model) ? { jti } : {}),
    // Holds the value of the cookie.
    ...(session === undefined ? {} : { session: { ...(session as Row), cookie: undefined } }),
    ...(typeof returnTo === "string" ? { returnTo: returnTo.replaceAll(id, idMark) } : {}),
  };
  return JSON.parse(JSON.stringify(stored)) as Row;
};

/** The payload as it was, for who knows the id. */
const restored = (payload: Payload, id: string): Payload => {
  const { returnTo } = payload;
  return { ...payload, jti: id, ...(typeof returnTo === "string" ? { returnTo: returnTo.replaceAll(idMark, id) } : {}) };
};

export interface StateOptions {
  /** Milliseconds since the epoch. */
  readonly clock?: () => number;
  /** How long after its grant was revoked a token could still be good, were it not for that. */
  readonly tokenMsMax: number;
  /** Told once the revocation is committed; until when tokens of the grant have to be refused, in milliseconds since the epoch. */
  readonly onRevoked?: (grantId: string, untilMs: number) => MaybePromise<void>;
}

export class OidcState {
  readonly #store: Store;
  readonly #clock: () => number;
  readonly #tokenMsMax: number;
  readonly #onRevoked: StateOptions["onRevoked"];
  readonly #revoked = new Map<string, { readonly is: boolean; readonly readMs: number }>();

  constructor(store: Store, options: StateOptions) {
    this.#store = store;
    this.#clock = options.clock ?? Date.now;
    this.#tokenMsMax = options.tokenMsMax;
    this.#onRevoked = options.onRevoked;
  }

  /** The entity; `consumed` tells when it was used up, in seconds since the epoch. Undefined when there is none or it has expired. */
  async find(model: string, id: string): Promise<Payload | undefined> {
    const found = await this.#one(byId, [model, storedId(model, id)]);
    return found === undefined ? undefined : restored(found, id);
  }

  /** The entity without its id, which nobody but its holder knows. */
  findByUid(model: string, uid: string): Promise<Payload | undefined> {
    return this.#one(byUid, [uid, model]);
  }

  async save(model: string, id: string, payload: Payload, ttlSeconds: number): Promise<void> {
    const key = keyOf(model, id);
    const row = this.#row(model, id, payload, this.#clock() + ttlSeconds * 1_000);
    await this.#write(async (tx) => {
      const [held] = await tx.load(table, [key]);
      if (held !== undefined) {
        const { model: _model, id: _id, consumedAt: _consumedAt, ...changes } = row;
        return tx.apply([updating(key, changes)]);
      }
      // A grant does not come back by being saved once more.
      if (model === "Grant" && (await tx.load(table, [keyOf("Revocation", id)]))[0] !== undefined)
        throw new Error("the grant was revoked while it was being changed");
      return tx.apply([inserting(row)]);
    });
  }

  /** Whether it was seen for the first time: exactly one of all who say so is told `true`. */
  async saveOnce(model: string, id: string, expiresMs: number): Promise<boolean> {
    const row = this.#row(model, id, {}, expiresMs);
    const key = keyOf(model, id);
    return this.#write(async (tx) => {
      const [held] = await tx.load(table, [key]);
      if (held !== undefined && this.#isLive(held)) return false;
      await tx.apply([held === undefined ? inserting(row) : updating(key, { expiresAt: row["expiresAt"] ?? null })]);
      return true;
    });
  }

  /** Uses an entity up. `false`: somebody has done so before, or it is gone. */
  async consume(model: string, id: string): Promise<boolean> {
    const key = keyOf(model, id);
    return this.#write(async (tx) => {
      const [held] = await tx.load(table, [key]);
      if (held === undefined || held["consumedAt"] !== null) return false;
      await tx.apply([updating(key, { consumedAt: this.#now() })]);
      return true;
    });
  }

  async remove(model: string, id: string): Promise<void> {
    await this.#write((tx) => tx.apply([deleting([keyOf(model, id)])]));
  }

  async removeByUid(model: string, uid: string): Promise<void> {
    const rows = await this.#list(byUid, [uid, model], rowsPerStepMax);
    if (rows.length > 0) await this.#write((tx) => tx.apply([deleting(rows.map(keyOfRow))]));
  }

  /** Ends a grant and all that was given out by it: from now on its codes and tokens are of no use. Safe to repeat. */
  async revoke(grantId: string): Promise<void> {
    const untilMs = this.#clock() + this.#tokenMsMax;
    const mark = keyOf("Revocation", grantId);
    await this.#write(async (tx) => {
      const [held] = await tx.load(table, [mark]);
      const row = this.#row("Revocation", grantId, {}, untilMs);
      await tx.apply([held === undefined ? inserting(row) : updating(mark, { expiresAt: row["expiresAt"] ?? null })]);
      // Without its grant nothing is good. What is more than this goes when it expires.
      const [rows = []] = await tx.read(byGrant, [{ realm, params: [grantId], limit: rowsPerStepMax }]);
      await tx.apply([deleting([keyOf("Grant", grantId), ...rows.map(keyOfRow)])]);
    });
    this.#remember(grantId, true);
    await this.#onRevoked?.(grantId, untilMs);
  }

  /** Ends all grants of an account or of a client, and an account's sessions: logged out everywhere, or an app that is no more. */
  async revokeAll(of: { readonly accountId: string } | { readonly clientId: string }): Promise<void> {
    const [shape, id] = "accountId" in of ? ([byAccount, of.accountId] as const) : ([byClient, of.clientId] as const);
    const grants = await this.#list(shape, [id, "Grant"], grantsMax);
    for (const grant of grants) await this.revoke(grant["id"] as string);
    if (!("accountId" in of)) return;
    const sessions = await this.#list(shape, [id, "Session"], grantsMax);
    for (let from = 0; from < sessions.length; from += rowsPerStepMax) {
      const some = sessions.slice(from, from + rowsPerStepMax);
      await this.#write((tx) => tx.apply([deleting(some.map(keyOfRow))]));
    }
  }

  /** Whether tokens of a grant have to be refused. Another node's revocation is seen within a second. */
  async isRevoked(grantId: string): Promise<boolean> {
    const known = this.#revoked.get(grantId);
    const nowMs = this.#clock();
    if (known !== undefined && (known.is || nowMs - known.readMs < rememberedMsMax)) return known.is;
    const is = (await this.#one(byId, ["Revocation", grantId])) !== undefined;
    // A revocation of this process may have come in between.
    if (this.#revoked.get(grantId)?.is !== true) this.#remember(grantId, is, nowMs);
    return is || this.#revoked.get(grantId)?.is === true;
  }

  /** Removes a few of the rows that have expired, the oldest first; returns how many. */
  async purgeStep(): Promise<number> {
    return this.#write(async (tx) => {
      const [found = []] = await tx.read(expired, [{ realm, params: [this.#now()], limit: rowsPerStepMax }]);
      if (found.length === 0) return 0;
      // Read again under a lock: a session may have been prolonged meanwhile.
      const held = await tx.load(table, found.map(keyOfRow));
      const dead = held.filter((row) => row !== undefined).filter((row) => !this.#isLive(row));
      if (dead.length > 0) await tx.apply([deleting(dead.map(keyOfRow))]);
      return dead.length;
    });
  }

  #now(): string {
    return new Date(this.#clock()).toISOString();
  }

  #isLive(row: Row): boolean {
    return (row["expiresAt"] as string) > this.#now();
  }

  #row(model: string, id: string, payload: Payload, expiresMs: number): Row {
    return {
      model,
      id: storedId(model, id),
      payload: kept(model, id, payload),
      grantId: textOrNull(payload["grantId"]),
      uid: model === "Session" ? textOrNull(payload["uid"]) : null,
      accountId: textOrNull(payload["accountId"]),
      clientId: textOrNull(payload["clientId"]),
      expiresAt: new Date(expiresMs).toISOString(),
      consumedAt: null,
    };
  }

  #remember(grantId: string, is: boolean, readMs = this.#clock()): void {
    if (this.#revoked.size >= rememberedMax) this.#revoked.clear();
    this.#revoked.set(grantId, { is, readMs });
  }

  async #list(shape: RowsShape, params: readonly string[], limit: number): Promise<readonly Row[]> {
    const [rows = []] = await this.#store.read(shape, [{ realm, params, limit }]);
    return rows;
  }

  async #one(shape: RowsShape, params: readonly string[]): Promise<Payload | undefined> {
    const [row] = await this.#list(shape, params, 1);
    if (row === undefined || !this.#isLive(row)) return undefined;
    const { payload, consumedAt } = row;
    const consumed = typeof consumedAt === "string" ? { consumed: Math.floor(Date.parse(consumedAt) / 1_000) } : {};
    return { ...(payload as Payload), ...consumed };
  }

  async #write<T>(work: (tx: WriteTransaction) => MaybePromise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#store.write(work);
      } catch (error) {
        const isRace = error instanceof StoreError && (error.kind === "unique" || error.kind === "conflict");
        if (!isRace || attempt === attemptsMax) throw error;
      }
    }
  }
}
