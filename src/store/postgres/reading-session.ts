/** A connection that reads. Each statement sees the rows of its realms only: they are told to the server when they change (see row-security.ts). */
import type { SQL } from "bun";
import { isWithoutRealms, realmsText, setRealmsSql } from "./row-security.ts";
import { openSession } from "./session.ts";
import type { SessionOptions } from "./session.ts";

/** What runs statements of calls. */
export interface RealmRunner {
  /** Rows as arrays, of a statement that may touch rows of these realms only. Rejects with what the driver throws. */
  values(realms: readonly number[], sql: string, values: unknown[]): Promise<unknown[][]>;
}

export class ReadingSession implements RealmRunner {
  readonly #session: SQL;
  /** What the connection was told last. */
  #realms: string | undefined;

  constructor(options: Omit<SessionOptions, "onClose">) {
    this.#session = openSession({ ...options, onClose: () => (this.#realms = undefined) });
  }

  /** Whether a statement of these realms needs nothing to be told. */
  isSetTo(realms: string): boolean {
    return this.#realms === realms;
  }

  async values(realms: readonly number[], sql: string, values: unknown[]): Promise<unknown[][]> {
    const text = realmsText(realms);
    try {
      if (this.#realms === text) return await this.#session.unsafe<unknown[][]>(sql, values).values().execute();
      return await this.#sendWith(text, sql, values);
    } catch (error) {
      // Another connection than the one that was told: it had closed, and nobody had heard of it.
      if (!isWithoutRealms(error)) throw error;
      return this.#sendWith(text, sql, values);
    }
  }

  /** Throws what the driver throws. */
  async ping(): Promise<void> {
    await this.#session.unsafe("SELECT 1");
  }

  close(): Promise<void> {
    return this.#session.close();
  }

  /** Both statements go together, and the server takes them in order: a query is sent when it is executed, and else a moment after. */
  async #sendWith(realms: string, sql: string, values: unknown[]): Promise<unknown[][]> {
    this.#realms = realms;
    const telling = this.#session.unsafe(setRealmsSql, [realms]).execute();
    const reading = this.#session.unsafe<unknown[][]>(sql, values).values().execute();
    try {
      const [, rows] = await Promise.all([telling, reading]);
      return rows;
    } catch (error) {
      this.#realms = undefined;
      throw error;
    }
  }
}
