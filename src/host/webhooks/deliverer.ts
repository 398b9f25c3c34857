/**
 * Delivers events to webhooks. Of all nodes on one database one delivers for a realm: the one that works on it. What it has done it writes down within a
 * quarter of a second; when it dies another goes on from there, so that an event is delivered at least once, always under the same `webhook-id`.
 *
 *   directory ─► webhooks ─► those of realms that are this node's: claimed ─► endpoints ─► attempts ─► ledger
 *
 * Bounds: `slotsMax` attempts under way on a node, `tenantSlotsMax` of one tenant, 16 of one webhook, and of those fewer the less room there is: receivers
 * that do not answer hold up nobody but themselves, and soon are left alone (`health.ts`).
 */
import type { App } from "../app.ts";
import { webhookKeyLabel, type WebhookSigner, webhookSigner } from "../../events/webhooks/index.ts";
import { createGuardedFetch, type GuardedFetch } from "../../outbound/index.ts";
import { tenantEnvironment } from "../../pipeline/identity/realm.ts";
import { Semaphore } from "../../sources/semaphore.ts";
import { realmOf, StoreError } from "../../store/index.ts";
import { callAsSystem } from "../pending.ts";
import { publish } from "../publish.ts";
import { claim, type Claimed } from "./claim.ts";
import { Endpoint, type EndpointParts } from "./endpoint.ts";
import { allWebhooks, type Webhook, webhookKind, webhookOf } from "./entry.ts";
import { Ledger } from "./ledger.ts";
import { DeliveryLog } from "./log.ts";
import { Retention } from "./retention.ts";

/** Attempts of one webhook behind which it is looked whether it has too much in the log. */
const trimEvery = 1_000;
const slotsMax = 192;
const tenantSlotsMax = 64;
/** A webhook that has attempts under way gets one more only while they are fewer than this part of what is free: those that have none find room. */
const shareOfFree = 3;
/** How often it looks for what has become due, and writes down what was done. */
const paceDefault = { tickMs: 100, flushMs: 250 };
/** Looks which realms are this node's. */
const reviewMs = 1_000;
/** Reads all webhooks anew, should a change not have been heard of. */
const readMs = 60_000;
const purgeMs = 5 * 60_000;
const claimsMax = 100;
const openingMax = 16;
const signersMax = 10_000;
/** For attempts under way when it is stopped. */
const stopMsMax = 2_000;
/** What webhooks say of events follows from these. */
const kindsOfCallers: ReadonlySet<string> = new Set(["app", "product", "plan", "tenant", "user", "policy"]);

export interface DelivererOptions {
  readonly app: Pick<App, "contracts" | "store" | "events" | "directory" | "identity" | "pipeline" | "secrets" | "leases">;
  /** Where callers reach the server: `https://api.example.com`; empty where that is not known. */
  readonly origin: () => string;
  /** Origins that may be delivered to although they are not public https ones. */
  readonly outboundAllow: readonly string[];
  readonly onError: (error: unknown) => void;
  /** Milliseconds since the epoch. */
  readonly clock?: () => number;
  /** 0 to 1. */
  readonly random?: () => number;
  readonly guarded?: GuardedFetch;
  readonly pace?: typeof paceDefault;
}

export class Deliverer {
  readonly #options: DelivererOptions;
  readonly #holder = crypto.randomUUID();
  readonly #clock: () => number;
  readonly #ledger: Ledger | undefined;
  readonly #log: DeliveryLog | undefined;
  readonly #retention: Retention | undefined;
  readonly #parts: EndpointParts | undefined;
  readonly #ending = new AbortController();
  readonly #webhooks = new Map<string, Webhook>();
  readonly #endpoints = new Map<string, Endpoint>();
  /** Realm of the events of each webhook; by tenant, environment and service it never changes. */
  readonly #realms = new Map<string, number>();
  readonly #ready = new Set<Endpoint>();
  readonly #signers = new Map<string, WebhookSigner>();
  readonly #opening = new Semaphore(openingMax);
  readonly #slotsOfTenant = new Map<number, number>();
  /** Wait until another attempt of their tenant is over. */
  readonly #parked = new Set<Endpoint>();
  readonly #delivered = new Map<string, number>();
  #slots = 0;
  #isPumping = false;
  #reviewing: Promise<void> | undefined;
  #isReviewWanted = false;
  #isReadWanted = true;
  #isPublished = false;
  #purging: Promise<void> = Promise.resolve();
  #timers: ReturnType<typeof setInterval>[] = [];
  #unlisten: (() => void) | undefined;
  #stopping: Promise<void> | undefined;

  constructor(options: DelivererOptions) {
    this.#options = options;
    const { app, clock = Date.now, random = Math.random, outboundAllow, origin, onError } = options;
    this.#clock = clock;
    const deliveries = app.contracts.get("platform")?.resources.get("webhookDeliveries")?.table;
    if (deliveries === undefined) return;
    const { store } = app;
    const { flushMs } = options.pace ?? paceDefault;
    const ledger = new Ledger({ store, deliveries, holder: this.#holder, flushMs, onError, onWritten: () => this.#wakeAll() });
    const log = new DeliveryLog(store, deliveries);
    [this.#ledger, this.#log] = [ledger, log];
    this.#retention = new Retention({ store, deliveries, clock, signal: this.#ending.signal });
    this.#parts = {
      app,
      guarded: options.guarded ?? createGuardedFetch({ allow: outboundAllow, inFlightMax: slotsMax * 2 }),
      ledger,
      log,
      clock,
      random,
      origin,
      onError: (error) => this.#failed(error),
      subscribe: (webhook, query, signal) =>
        this.#opening.run(async () => {
          const { app: id, environment, service } = webhook;
          const operation = app.contracts.get(service)?.events;
          if (operation === undefined) throw new Error(`there is no service ${service}`);
          return app.pipeline.subscribe(
            {
              operation,
              input: {},
              credentials: { kind: "app", id, environment },
              locale: "en",
              requestId: crypto.randomUUID(),
              channel: "webhook",
              signal,
            },
            query,
          );
        }),
      signer: (webhook, number) => this.#signerOf(webhook, number),
      tell: async (webhook, operation, body) => this.#tell(webhook, operation, body),
      onReady: (endpoint) => {
        this.#ready.add(endpoint);
        this.#pump();
      },
      onDone: (endpoint) => this.#done(endpoint),
      onFenced: (endpoint) => this.#drop(endpoint),
    };
  }

  /** Begins; where the database is away, with the first look that succeeds. */
  start(): void {
    if (this.#parts === undefined) return;
    const { app } = this.#options;
    this.#unlisten = app.directory.onChange((changed) => {
      const webhooks = changed.filter(({ kind }) => kind === webhookKind);
      if (webhooks.length > 0) void this.#hear(webhooks.map(({ name }) => name));
      if (changed.some(({ kind }) => kindsOfCallers.has(kind)))
        for (const endpoint of this.#endpoints.values()) endpoint.reopen();
    });
    const every = (ms: number, work: () => void): void => {
      const timer = setInterval(work, ms);
      timer.unref();
      this.#timers.push(timer);
    };
    every((this.#options.pace ?? paceDefault).tickMs, () => this.#tick());
    every(reviewMs, () => this.#review());
    every(readMs, () => (this.#isReadWanted = true));
    every(purgeMs, () => void this.purge());
    this.#review();
  }

  /** Finishes what is under way, writes down what was done, and ends: before other nodes are given what is this one's. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    this.#unlisten?.();
    for (const timer of this.#timers) clearInterval(timer);
    this.#ready.clear();
    for (const until = performance.now() + stopMsMax; this.#slots > 0 && performance.now() < until;) await Bun.sleep(10);
    this.#ending.abort();
    await this.#reviewing;
    for (const endpoint of this.#endpoints.values()) endpoint.stop();
    await this.#ledger?.flush().catch(this.#options.onError);
    this.#ledger?.stop();
    await this.#purging;
  }

  /** Removes what is old of the log. Never rejects. */
  purge(): Promise<void> {
    this.#purging = this.#purging.then(() => this.#purge()).catch((error: unknown) => this.#failed(error));
    return this.#purging;
  }

  async #purge(): Promise<void> {
    const retention = this.#retention;
    if (retention === undefined || this.#isReadWanted) return;
    const owners = new Set([...this.#webhooks.values()].map(({ owner }) => owner));
    const realms = await this.#options.app.store.admin.query("SELECT realm, environment FROM pons_realms ORDER BY realm");
    for (const { realm, environment } of realms) {
      const owner = Number(realm);
      if (environment !== tenantEnvironment && !owners.has(owner)) continue;
      if (this.#worksOn(owner)) await retention.purge(owner, (id) => this.#webhooks.has(id));
    }
    for (const [id, count] of this.#delivered) {
      const endpoint = this.#endpoints.get(id);
      if (count < trimEvery && endpoint !== undefined) continue;
      this.#delivered.delete(id);
      if (endpoint !== undefined) await retention.trim(endpoint);
    }
  }

  #worksOn(realm: number): boolean {
    return this.#options.app.leases?.worksOn(realm) ?? true;
  }

  /** A database that is away tells of itself by every call. */
  #failed(error: unknown): void {
    if (!(error instanceof StoreError) || error.kind === "broken" || error.kind === "check") this.#options.onError(error);
  }

  async #hear(names: readonly string[]): Promise<void> {
    // What a commit has told is not yet to be read while it tells.
    await Promise.resolve();
    for (const name of names) {
      try {
        const record = await this.#options.app.directory.get(webhookKind, name);
        if (record === undefined) this.#forget(name);
        else this.#know(webhookOf(name, record));
      } catch (error) {
        this.#isReadWanted = true;
        this.#failed(error);
      }
    }
    this.#review();
  }

  #know(webhook: Webhook): void {
    const before = this.#webhooks.get(webhook.id);
    this.#webhooks.set(webhook.id, webhook);
    if (before !== undefined && !Bun.deepEquals(before, webhook, true)) this.#endpoints.get(webhook.id)?.update(webhook);
  }

  #forget(id: string): void {
    this.#webhooks.delete(id);
    const endpoint = this.#endpoints.get(id);
    if (endpoint !== undefined) this.#drop(endpoint);
  }

  #drop(endpoint: Endpoint): void {
    endpoint.stop();
    this.#ready.delete(endpoint);
    this.#parked.delete(endpoint);
    if (this.#endpoints.get(endpoint.id) === endpoint) this.#endpoints.delete(endpoint.id);
  }

  /** Looks which webhooks are this node's: one look at a time, and once more if somebody asked meanwhile. */
  #review(): void {
    this.#isReviewWanted = true;
    this.#reviewing ??= this.#reviews().finally(() => (this.#reviewing = undefined));
  }

  async #reviews(): Promise<void> {
    while (this.#isReviewWanted && this.#stopping === undefined) {
      this.#isReviewWanted = false;
      try {
        if (!this.#isPublished) await this.#publish();
        if (this.#isReadWanted) await this.#read();
        await this.#claimOwn();
      } catch (error) {
        this.#failed(error);
      }
    }
  }

  /** Tells the control plane which events there are, and which origins are let through. */
  async #publish(): Promise<void> {
    const { app, outboundAllow } = this.#options;
    const services = Object.fromEntries(
      [...app.contracts.values()].map(({ service, resources }) => [
        service,
        [...resources.values()].flatMap(({ name, events }) => Object.keys(events).map((event) => `${name}.${event}`)),
      ]),
    );
    const value = { allow: [...outboundAllow], services };
    const known = await app.directory.get("webhooks", "offer");
    if (!Bun.deepEquals(known?.value, value)) await publish(app, { kind: "webhooks", name: "offer", value });
    this.#isPublished = true;
  }

  async #read(): Promise<void> {
    const seen = new Set<string>();
    for await (const page of allWebhooks(this.#options.app.store)) {
      for (const webhook of page) {
        seen.add(webhook.id);
        this.#know(webhook);
      }
    }
    for (const id of this.#webhooks.keys()) if (!seen.has(id)) this.#forget(id);
    this.#isReadWanted = false;
  }

  async #realmOf({ owner, environment, service }: Webhook): Promise<number | undefined> {
    const { contracts, store } = this.#options.app;
    const contract = contracts.get(service);
    if (contract === undefined) return undefined;
    if (contract.definition.rowsOf === "tenant") return owner;
    const key = `${owner} ${environment}`;
    const known = this.#realms.get(key);
    if (known !== undefined) return known;
    const place = await store.realms.at(owner);
    if (place === undefined) return undefined;
    const realm = await realmOf(store, place.tenant, environment);
    this.#realms.set(key, realm);
    return realm;
  }

  async #claimOwn(): Promise<void> {
    const [parts, log] = [this.#parts, this.#log];
    if (parts === undefined || log === undefined) return;
    const { app } = this.#options;
    let wanted: Claimed[] = [];
    const take = async (): Promise<void> => {
      const claimed = wanted;
      wanted = [];
      if (claimed.length === 0) return;
      for (const taken of await claim({ store: app.store, events: app.events, holder: this.#holder }, claimed)) {
        const { id } = taken.webhook;
        const waiting = await log.waiting(taken.webhook);
        const webhook = this.#webhooks.get(id);
        if (webhook === undefined || this.#stopping !== undefined || this.#endpoints.has(id)) continue;
        const endpoint = new Endpoint(parts, { ...taken, waiting });
        this.#endpoints.set(id, endpoint);
        endpoint.update(webhook);
        endpoint.tick(this.#clock());
      }
    };
    for (const webhook of this.#webhooks.values()) {
      if (this.#stopping !== undefined) return;
      const realm = await this.#realmOf(webhook);
      const endpoint = this.#endpoints.get(webhook.id);
      const isOwn = realm !== undefined && this.#worksOn(realm);
      if (!isOwn && endpoint !== undefined) this.#drop(endpoint);
      if (!isOwn || endpoint !== undefined) continue;
      wanted.push({ webhook, realm });
      if (wanted.length >= claimsMax) await take();
    }
    await take();
  }

  #tick(): void {
    const nowMs = this.#clock();
    for (const endpoint of this.#endpoints.values()) endpoint.tick(nowMs);
  }

  #wakeAll(): void {
    for (const endpoint of this.#endpoints.values()) this.#ready.add(endpoint);
    this.#pump();
  }

  /** Begins attempts while there is room, of one endpoint after another. */
  #pump(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    // All that becomes ready at the same moment takes its turn.
    queueMicrotask(() => {
      this.#isPumping = false;
      if (this.#stopping !== undefined) return;
      const nowMs = this.#clock();
      for (const endpoint of this.#ready) {
        if (this.#slots >= slotsMax) return;
        // To the end, should it have more.
        this.#ready.delete(endpoint);
        const ofTenant = this.#slotsOfTenant.get(endpoint.owner) ?? 0;
        const free = Math.min(slotsMax - this.#slots, tenantSlotsMax - ofTenant);
        const hasRoom = free > 0 && (endpoint.underWay === 0 || endpoint.underWay < free / shareOfFree);
        if (!hasRoom) this.#parked.add(endpoint);
        if (!hasRoom || !endpoint.next(nowMs)) continue;
        this.#slots++;
        this.#slotsOfTenant.set(endpoint.owner, ofTenant + 1);
        this.#ready.add(endpoint);
      }
    });
  }

  #done(endpoint: Endpoint): void {
    this.#slots--;
    const left = (this.#slotsOfTenant.get(endpoint.owner) ?? 1) - 1;
    if (left > 0) this.#slotsOfTenant.set(endpoint.owner, left);
    else this.#slotsOfTenant.delete(endpoint.owner);
    this.#delivered.set(endpoint.id, (this.#delivered.get(endpoint.id) ?? 0) + 1);
    for (const other of this.#parked) {
      this.#parked.delete(other);
      if (this.#endpoints.get(other.id) === other) this.#ready.add(other);
    }
    if (this.#endpoints.get(endpoint.id) === endpoint) this.#ready.add(endpoint);
    this.#pump();
  }

  #signerOf({ id, signing }: Webhook, number: number): WebhookSigner {
    const key = `${id} ${number} ${signing}`;
    let signer = this.#signers.get(key);
    if (signer === undefined) {
      if (this.#signers.size >= signersMax) this.#signers.clear();
      signer = webhookSigner(signing, number, this.#options.app.secrets.text(webhookKeyLabel(id, number)));
      this.#signers.set(key, signer);
    }
    return signer;
  }

  async #tell({ id, owner }: Webhook, operation: string, body: object): Promise<void> {
    const place = await this.#options.app.store.realms.at(owner);
    if (place === undefined || !this.#webhooks.has(id)) return;
    await callAsSystem(this.#options.app, { operation: `webhooks.${operation}`, tenant: place.tenant, id, body });
  }
}
