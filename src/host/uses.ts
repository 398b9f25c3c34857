/**
 * When keys and sessions were last used: noted in memory, told to the control plane now and then, in one command per tenant. What it is good for, the
 * last use of a key and the idle time of a session, needs no more; a process that is killed forgets the last minute.
 */
import type { CredentialUse } from "../pipeline/identity/identity.ts";
import type { App } from "./app.ts";

const everyMs = 20_000;
const notedMax = 200_000;
const itemsMax = 1_000;

/** Where the last uses are told: `keys.touch`, `sessions.touch`. */
const operations = { key: "keys.touch", session: "sessions.touch" } as const;

export class Uses {
  readonly #onError: (error: unknown) => void;
  #noted = new Map<string, CredentialUse>();
  #app: App | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  /** Notes a use; costs a look-up. */
  note(use: CredentialUse): void {
    const known = this.#noted.get(use.id);
    if (known !== undefined && use.atMs - known.atMs < 1_000) return;
    if (known === undefined && this.#noted.size >= notedMax) return;
    this.#noted.set(use.id, use);
  }

  start(app: App): void {
    this.#app = app;
    this.#timer = setInterval(() => void this.flush().catch(this.#onError), everyMs);
    this.#timer.unref();
  }

  /** Tells what was noted. */
  async flush(): Promise<void> {
    const app = this.#app;
    const noted = this.#noted;
    this.#noted = new Map();
    const contract = app?.contracts.get("platform");
    if (app === undefined || contract === undefined || noted.size === 0) return;
    const groups = new Map<string, CredentialUse[]>();
    for (const use of noted.values()) {
      // Keys of the installation itself are no rows of the control plane.
      if (use.kind === "key" && !use.id.startsWith("key_")) continue;
      const group = `${use.kind} ${use.realm}`;
      const uses = groups.get(group);
      if (uses === undefined) groups.set(group, [use]);
      else uses.push(use);
    }
    for (const uses of groups.values()) {
      const [{ kind, realm }] = uses as [CredentialUse, ...CredentialUse[]];
      const operation = contract.operations.get(operations[kind]);
      const place = await app.store.realms.at(realm);
      if (operation === undefined || place === undefined) continue;
      const principal = await app.identity.systemCaller(place.tenant, place.environment);
      for (let at = 0; at < uses.length; at += itemsMax) {
        const items = uses.slice(at, at + itemsMax).map(({ id, atMs }) => ({ id, at: new Date(atMs).toISOString() }));
        const result = await app.pipeline.run({
          operation,
          input: { body: { items } },
          credentials: { kind: "none" },
          principal,
          locale: "en",
          requestId: crypto.randomUUID(),
          channel: "host",
        });
        if (!result.ok && result.refusal.status >= 500)
          this.#onError(new Error(`last uses were not told: ${result.refusal.type}`));
      }
    }
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.flush().catch(this.#onError);
  }
}
