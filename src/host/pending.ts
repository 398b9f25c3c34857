/**
 * Work that waits in rows of tenants and is done by the host, such as mails to send: the rows publish it in the directory, by which it is found for all
 * tenants together. Looked at when an entry changes and every few seconds; one piece after another, each at least once.
 */
import { directoryTable } from "../pipeline/identity/directory-tables.ts";
import { installationRealm } from "../pipeline/identity/realm.ts";
import type { RowsShape } from "../store/index.ts";
import type { App } from "./app.ts";

const everyMs = 5_000;
const piecesMax = 200;

const kindShape: RowsShape = {
  kind: "rows",
  key: "pons_directory.ofKind",
  table: directoryTable,
  joins: [],
  links: [],
  params: [{ name: "kind", type: "text" }],
  where: { op: "eq", left: { field: ["kind"] }, right: { param: "kind" } },
  select: ["kind", "name", "owner", "value"],
  order: [
    { path: ["kind"], direction: "asc" },
    { path: ["name"], direction: "asc" },
  ],
};

export interface Piece {
  readonly name: string;
  readonly value: Readonly<Record<string, unknown>>;
  /** The tenant whose row it is of. */
  readonly tenant: string;
}

/** Calls an operation of the control plane as the installation itself, in a tenant. Throws where it is refused. */
export const callAsSystem = async (
  app: Pick<App, "contracts" | "identity" | "pipeline">,
  call: { readonly operation: string; readonly tenant: string; readonly id?: string; readonly body: unknown },
): Promise<Readonly<Record<string, unknown>>> => {
  const { tenant, id, body } = call;
  const operation = app.contracts.get("platform")?.operations.get(call.operation);
  if (operation === undefined) throw new Error(`the control plane has no operation ${call.operation}`);
  const result = await app.pipeline.run({
    operation,
    input: { ...(id === undefined ? {} : { id }), body },
    credentials: { kind: "none" },
    principal: await app.identity.systemCaller(tenant, "tenant"),
    locale: "en",
    requestId: crypto.randomUUID(),
    channel: "host",
  });
  if (!result.ok) throw new Error(`${call.operation} was refused: ${result.refusal.type}`, { cause: result.refusal });
  return result.data as Record<string, unknown>;
};

export interface PendingOptions {
  readonly app: Pick<App, "directory" | "store">;
  readonly kind: string;
  /** Does a piece, or finds that it is not its time. */
  readonly work: (piece: Piece) => Promise<void>;
  readonly onError: (error: unknown) => void;
}

export class Pending {
  readonly #options: PendingOptions;
  #running: Promise<void> | undefined;
  #isWanted = false;
  #isStopped = false;
  #timer: ReturnType<typeof setInterval> | undefined;
  #unlisten: (() => void) | undefined;

  constructor(options: PendingOptions) {
    this.#options = options;
  }

  start(): void {
    const { app, kind } = this.#options;
    this.#unlisten = app.directory.onChange((changed) => {
      if (changed.some((entry) => entry.kind === kind)) this.wake();
    });
    this.#timer = setInterval(() => this.wake(), everyMs);
    this.#timer.unref();
    this.wake();
  }

  /** Looks at what waits, once more if that is being done now. */
  wake(): void {
    if (this.#isStopped) return;
    this.#isWanted = true;
    this.#running ??= this.#turns().finally(() => {
      this.#running = undefined;
    });
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearInterval(this.#timer);
    this.#unlisten?.();
    await this.#running;
  }

  async #turns(): Promise<void> {
    // What a commit has told is not yet to be read while it tells.
    await Promise.resolve();
    while (this.#isWanted && !this.#isStopped) {
      this.#isWanted = false;
      try {
        await this.#turn();
      } catch (error) {
        this.#options.onError(error);
      }
    }
  }

  async #turn(): Promise<void> {
    const { app, kind, work, onError } = this.#options;
    const [rows = []] = await app.store.read(kindShape, [{ realm: installationRealm, params: [kind], limit: piecesMax }]);
    for (const row of rows) {
      if (this.#isStopped) return;
      const place = await app.store.realms.at(row["owner"] as number);
      if (place === undefined) continue;
      try {
        await work({ name: row["name"] as string, value: row["value"] as Piece["value"], tenant: place.tenant });
      } catch (error) {
        onError(error);
      }
    }
  }
}
