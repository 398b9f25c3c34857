/**
 * A connection to Valkey or Redis that is either up and answers in time, or down from the first question that it does not answer. While it is
 * down it connects again, at once and then after 100 ms doubled up to 2 s. Nothing waits longer than the timeout; nothing is sent twice.
 */
import { createHash } from "node:crypto";
import { RedisClient } from "bun";
import { within } from "../within.ts";

export interface LinkOptions {
  /** `redis://user:password@host:6379/0`, `rediss://…`, `redis+unix:///path`. */
  readonly url: string;
  readonly timeoutMs: number;
  /** When it came up, before anything else is sent. A rejection takes it down again. */
  readonly onUp: () => Promise<void>;
  readonly onDown: (error: unknown) => void;
}

const backoffMinMs = 100;
const backoffMaxMs = 2000;
/** Calls without an answer at once: a store that is slow must not fill this process's memory. */
const pendingMax = 50_000;

export class LinkDown extends Error {
  override readonly name = "LinkDown";
}

export class Script {
  readonly text: string;
  readonly sha: string;

  constructor(text: string) {
    this.text = text;
    this.sha = createHash("sha1").update(text).digest("hex");
  }
}

export class Link {
  readonly #options: LinkOptions;
  #client: RedisClient | undefined;
  #isUp = false;
  #isClosed = false;
  #backoffMs = 0;
  #retry: Timer | undefined;
  #pending = 0;

  constructor(options: LinkOptions) {
    this.#options = options;
    void this.#connect();
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  /** Runs a script on one key. Rejects with LinkDown where the store is away or late, which takes the link down. */
  run(script: Script, key: string, args: readonly string[]): Promise<readonly number[]> {
    const client = this.#client;
    if (client === undefined || !this.#isUp) return Promise.reject(new LinkDown("the shared store is away"));
    return this.#run(client, script, key, args);
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#retry);
    this.#isUp = false;
    this.#client?.close();
    this.#client = undefined;
  }

  async #connect(): Promise<void> {
    const client = new RedisClient(this.#options.url, {
      connectionTimeout: this.#options.timeoutMs,
      autoReconnect: false,
      enableOfflineQueue: false,
    });
    this.#client = client;
    try {
      await within(client.connect(), this.#options.timeoutMs);
      if (this.#client !== client) return;
      this.#isUp = true;
      await this.#options.onUp();
      this.#backoffMs = 0;
    } catch (error) {
      this.#down(client, error);
    }
  }

  async #run(client: RedisClient, script: Script, key: string, args: readonly string[]): Promise<readonly number[]> {
    if (this.#pending >= pendingMax) throw new LinkDown(`${this.#pending} calls wait for the shared store`);
    this.#pending += 1;
    try {
      const rest = ["1", key, ...args];
      const sent = client.send("EVALSHA", [script.sha, ...rest]).catch((error: unknown) => {
        if (error instanceof Error && error.message.startsWith("NOSCRIPT")) return client.send("EVAL", [script.text, ...rest]);
        throw error;
      });
      return (await within(sent, this.#options.timeoutMs)) as readonly number[];
    } catch (error) {
      this.#down(client, error);
      throw new LinkDown("the shared store did not answer", { cause: error });
    } finally {
      this.#pending -= 1;
    }
  }

  #down(client: RedisClient, error: unknown): void {
    if (this.#client !== client || this.#isClosed) return;
    this.#client = undefined;
    const wasUp = this.#isUp;
    this.#isUp = false;
    client.close();
    this.#retry = setTimeout(() => void this.#connect(), this.#backoffMs);
    this.#backoffMs = Math.min(backoffMaxMs, Math.max(backoffMinMs, this.#backoffMs * 2));
    if (wasUp) this.#options.onDown(error);
  }
}
