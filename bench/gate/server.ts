/**
 * The server of this topic, a process of its own: the app over a filled database, with as much of the gate as it is told, and the REST channel.
 *
 *   PORT           where it listens
 *   DATABASE_URL   filled by fill.ts
 *   PARTS          see parts.ts
 *   REQUESTS       a file of keys and addresses that are all called once before it listens; absent: none are
 *   FIGURES        where it writes what it measured of itself before it listens (ServerFigures, JSON); absent: nothing is measured
 *
 * SIGTERM: what was counted is written, then it ends.
 */
import { createRest } from "../../src/channels/rest/index.ts";
import { type App, createApp } from "../../src/host/app.ts";
import { createManaged, type Managed, type ManagedParts } from "../../src/host/managed.ts";
import { Uses } from "../../src/host/uses.ts";
import { EventLoopLag, MemoryLimiter, Shedder } from "../../src/limits/index.ts";
import { ManagedGate, type PolicyGate } from "../../src/manage/gate.ts";
import { Policies } from "../../src/manage/policies/policies.ts";
import { PolicySets } from "../../src/manage/policies/set.ts";
import { Usage } from "../../src/manage/usage/index.ts";
import type { Call } from "../../src/pipeline/call.ts";
import type { Pipeline } from "../../src/pipeline/pipeline.ts";
import { openStore, realmOf } from "../../src/store/index.ts";
import { environment, services, tenantName } from "./fill.ts";
import { type KeyFigures, measureKeys, readRequests, type Warmed, warmUp } from "./key-check.ts";
import { hasPart, type Parts } from "./parts.ts";

export interface ServerFigures {
  readonly warmed: Warmed | undefined;
  readonly keys: KeyFigures | undefined;
}

const cursorSecret = "the secret of an installation for benchmarks";
const inFlightMax = 20_000;
const lagMsMax = 2_000;

const fail = (error: unknown): void => {
  console.error(error);
  process.exit(1);
};

const policiesOf = ({ store, directory, contracts, clock }: ManagedParts): PolicyGate => {
  const resource = contracts.get("platform")?.resources.get("policies");
  if (resource === undefined) throw new Error("there is no platform");
  const sets = new PolicySets(store, { directory, policies: resource, onError: fail });
  return new Policies({ sets, contracts, clock, realmOf: (tenant, place) => realmOf(store, tenant, place) });
};

/** A part of what `createManaged` makes: limits, and policies where they are asked for. */
const partlyManaged =
  (held: Parts) =>
  (parts: ManagedParts): Managed => {
    const { directory, contracts, clock, store } = parts;
    const lag = new EventLoopLag();
    return {
      gate: new ManagedGate({
        directory,
        contracts,
        clock,
        limiter: new MemoryLimiter(),
        shedder: new Shedder({ inFlightMax, lag: { now: () => lag.ms, maxMs: lagMsMax } }),
        ...(hasPart(held, "policies") ? { policies: policiesOf(parts) } : {}),
      }),
      usage: new Usage({ store, contracts }),
      origins: undefined,
      start: () => Promise.resolve(),
      stop: () => Promise.resolve(lag[Symbol.dispose]()),
    };
  };

const managedBy = (held: Parts): { readonly managed?: (parts: ManagedParts) => Managed } => {
  if (!hasPart(held, "limits")) return {};
  if (!hasPart(held, "everything")) return { managed: partlyManaged(held) };
  return {
    managed: (parts) =>
      createManaged(parts, {
        limiter: (load) => new MemoryLimiter({ usedBefore: { load, whenAway: "closed" }, onThreshold: () => undefined }),
        onError: fail,
      }),
  };
};

/** The pipeline as it is for a caller who is known already. */
const asPrincipal = (pipeline: Pipeline, principal: NonNullable<Call["principal"]>): Pipeline => ({
  ...pipeline,
  run: (call) => pipeline.run({ ...call, principal }),
});

/** Looked up only when it is asked for, as the listener does. */
class Peer {
  readonly #server: Bun.Server<undefined>;
  readonly #request: Request;
  #address: string | undefined;

  constructor(server: Bun.Server<undefined>, request: Request) {
    this.#server = server;
    this.#request = request;
  }

  get address(): string {
    this.#address ??= this.#server.requestIP(this.#request)?.address ?? "";
    return this.#address;
  }
}

const pipelineOf = async (app: App, held: Parts): Promise<Pipeline> => {
  if (held !== "nothing") return app.pipeline;
  const tenant = tenantName(0);
  const realm = await realmOf(app.store, tenant, environment);
  return asPrincipal(app.pipeline, { tenant, environment, realm, app: null, user: null, subject: null, roles: ["clerk"] });
};

const measureItself = async (app: App, requestsFile: string | undefined): Promise<ServerFigures> => {
  if (requestsFile === undefined) return { warmed: undefined, keys: undefined };
  const requests = await readRequests(requestsFile);
  const warmed = await warmUp(app, requests);
  return { warmed, keys: await measureKeys(app, requests) };
};

const serve = async ({
  url,
  port,
  held,
}: {
  readonly url: string;
  readonly port: number;
  readonly held: Parts;
}): Promise<void> => {
  const store = await openStore(url);
  const uses = new Uses(fail);
  const isWhole = hasPart(held, "everything");
  const app = createApp({
    services,
    store,
    cursorSecret,
    onError: fail,
    ...managedBy(held),
    ...(isWhole ? { identity: { onUse: (use) => uses.note(use) } } : {}),
  });
  app.agenda.start(() => app.writer.wake());
  if (hasPart(held, "key")) {
    await app.directory.refresh();
    app.directory.start();
  }
  await app.managed?.start();
  if (isWhole) {
    uses.start(app);
    app.audit.start({});
  }
  const { REQUESTS: requestsFile, FIGURES: figuresFile } = process.env;
  const figures = await measureItself(app, requestsFile);
  if (figuresFile !== undefined) await Bun.write(figuresFile, JSON.stringify(figures));
  const rest = createRest({
    contracts: [...app.contracts.values()],
    pipeline: await pipelineOf(app, held),
    hooks: {
      onError: fail,
      onRefused: ({ type, status }, request) => app.audit.refused({ realm: null, type, status, channel: "rest", ...request }),
    },
  });
  const listener = Bun.serve({
    hostname: "127.0.0.1",
    port,
    development: false,
    http2: true,
    idleTimeout: 60,
    fetch: (request, server) => rest.handle(request, new Peer(server, request)),
  });
  const stop = async (): Promise<never> => {
    await listener.stop(true);
    if (isWhole) await uses.stop();
    app.directory.stop();
    await app.managed?.stop();
    app.agenda.stop();
    await app.writer.drained();
    await app.audit.stop();
    await store.close();
    process.exit(0);
  };
  process.once("SIGTERM", () => void stop().catch(fail));
};

if (import.meta.main) {
  const { DATABASE_URL: url = "", PORT: port = "", PARTS: held = "everything" } = process.env;
  await serve({ url, port: Number(port), held: held as Parts });
}
