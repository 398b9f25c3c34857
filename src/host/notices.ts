/**
 * Tells the owner of an app when it has used 80 % of a limit for the time, and when all of it: as an event, a notification and a mail, by the control
 * plane. Of the same limit no more than once an hour: short ones are reached again and again, and every answer's headers tell of them.
 */
import type { ThresholdListener } from "../limits/index.ts";
import { usedByOf } from "../manage/usage/index.ts";
import type { App } from "./app.ts";

const waitingMax = 1_000;
const againMs = 3_600_000;
const toldMax = 100_000;

export class Notices {
  readonly #onError: (error: unknown) => void;
  #app: App | undefined;
  #waiting = 0;
  /** Limit and percent → when it was told of, milliseconds of a clock that never steps. */
  readonly #told = new Map<string, number>();

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  start(app: App): void {
    this.#app = app;
  }

  /** For the limiter. */
  readonly onThreshold: ThresholdListener = (key, name, percent, used, limit) => {
    const told = `${key} ${name} ${percent}`;
    const nowMs = performance.now();
    if (this.#waiting >= waitingMax || nowMs - (this.#told.get(told) ?? Number.NEGATIVE_INFINITY) < againMs) return;
    if (this.#told.size >= toldMax) this.#told.clear();
    this.#told.set(told, nowMs);
    const {
      tenant,
      environment,
      by,
      value = null,
      operation = null,
    } = usedByOf(key) as ReturnType<typeof usedByOf> & {
      readonly value?: string;
    };
    const what = `${percent === 100 ? "All" : "80 %"} of the limit "${name}" is used: ${used} of ${limit}${operation === null ? "" : ` for ${operation}`}.`;
    this.#waiting++;
    this.#tell(tenant, {
      kind: percent === 100 ? "limitReached" : "limitNear",
      app: by === "app" ? value : null,
      user: by === "user" ? value : null,
      text: `${what} Environment: ${environment}.`,
      data: { limit: name, percent, used, of: limit, environment, by, operation },
    })
      .catch(this.#onError)
      .finally(() => this.#waiting--);
  };

  async #tell(tenant: string, body: object): Promise<void> {
    const app = this.#app;
    const operation = app?.contracts.get("platform")?.operations.get("notify");
    if (app === undefined || operation === undefined) return;
    const result = await app.pipeline.run({
      operation,
      input: { body },
      credentials: { kind: "none" },
      principal: await app.identity.systemCaller(tenant, "tenant"),
      locale: "en",
      requestId: crypto.randomUUID(),
      channel: "host",
    });
    if (!result.ok) throw new Error(`nobody was notified of a limit: ${result.refusal.type}`);
  }
}
