/**
 * The open transaction of a connection that writes. It may touch rows of the realms that its statements have named so far: a statement that
 * names another one is preceded by its announcement, sent together with it. Everything is executed at once, so that it is sent in order: a query
 * that is merely awaited is sent a moment later.
 */
import { postgresError } from "./error.ts";
import type { RealmRunner } from "./reading-session.ts";
import { realmsText, setLocalRealms } from "./row-security.ts";
import type { Runner } from "./session.ts";

export class Transaction implements RealmRunner {
  readonly #runner: Runner;
  readonly #sent: Promise<unknown>[] = [];
  #allowed: ReadonlySet<number> = new Set();
  #begun = false;

  constructor(runner: Runner) {
    this.#runner = runner;
  }

  async values(realms: readonly number[], sql: string, values: unknown[]): Promise<unknown[][]> {
    this.#allow(realms);
    return this.#runner.unsafe<unknown[][]>(sql, values).values().execute();
  }

  /** Runs `SAVEPOINT` and the like. Throws `StoreError`. */
  async execute(sql: string): Promise<void> {
    this.#begin();
    try {
      await this.#runner.unsafe(sql).execute();
    } catch (error) {
      throw postgresError(error);
    }
  }

  /** To be called before a savepoint; what it gives is to be called when everything since was undone, announcements too. */
  mark(): () => void {
    const before = this.#allowed;
    return () => (this.#allowed = before);
  }

  /** Waits for what was sent without waiting. Throws what the driver throws. */
  async settled(): Promise<void> {
    this.#begin();
    await Promise.all(this.#sent);
  }

  #begin(): void {
    if (!this.#begun) this.#send("BEGIN");
    this.#begun = true;
  }

  #allow(realms: readonly number[]): void {
    if (this.#begun && realms.every((realm) => this.#allowed.has(realm))) return;
    this.#allowed = new Set([...this.#allowed, ...realms]);
    const announcement = setLocalRealms(realmsText([...this.#allowed]));
    this.#send(this.#begun ? announcement : `BEGIN; ${announcement}`);
    this.#begun = true;
  }

  /** Not waited for: if it fails, everything behind it fails too, and so does the commit. */
  #send(sql: string): void {
    const sent = this.#runner.unsafe(sql).execute();
    sent.catch(() => {});
    this.#sent.push(sent);
  }
}
