/** A receiver of webhooks: an HTTP server that takes down what it is sent and answers as a test says. */

export interface Received {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** The body as JSON. */
  readonly event: { readonly id: string; readonly type: string; readonly data?: Readonly<Record<string, unknown>> } & Readonly<
    Record<string, unknown>
  >;
  readonly atMs: number;
}

export type Answer = (request: Received, number: number) => Response | Promise<Response>;

export class Receiver implements AsyncDisposable {
  readonly received: Received[] = [];
  /** By path; all else is taken. */
  readonly answers = new Map<string, Answer>();
  readonly #server: Bun.Server<undefined>;
  readonly #underWay = new Map<string, number>();
  /** The most that were under way at the same time, by path. */
  readonly mostUnderWay = new Map<string, number>();

  constructor() {
    this.#server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      idleTimeout: 60,
      fetch: async (request) => {
        const { pathname } = new URL(request.url);
        const underWay = (this.#underWay.get(pathname) ?? 0) + 1;
        this.#underWay.set(pathname, underWay);
        this.mostUnderWay.set(pathname, Math.max(this.mostUnderWay.get(pathname) ?? 0, underWay));
        try {
          const body = await request.text();
          const event = JSON.parse(body) as Received["event"];
          const headers = Object.fromEntries(request.headers);
          const taken: Received = { path: pathname, headers, body, event, atMs: performance.now() };
          this.received.push(taken);
          const answer = this.answers.get(pathname);
          return (await answer?.(taken, this.at(pathname).length)) ?? new Response("taken");
        } finally {
          this.#underWay.set(pathname, (this.#underWay.get(pathname) ?? 1) - 1);
        }
      },
    });
  }

  get origin(): string {
    return `http://127.0.0.1:${this.#server.port}`;
  }

  url(path: string): string {
    return `${this.origin}${path}`;
  }

  at(path: string): readonly Received[] {
    return this.received.filter((one) => one.path === path);
  }

  /** Waits for so many requests to a path. */
  async wait(path: string, count: number, withinMs = 8_000): Promise<readonly Received[]> {
    for (const until = performance.now() + withinMs; this.at(path).length < count;) {
      if (performance.now() > until) throw new Error(`${path}: ${this.at(path).length} of ${count} came within ${withinMs} ms`);
      await Bun.sleep(5);
    }
    return this.at(path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop(true);
  }
}

/** Answers with a status, and headers. */
export const answering =
  (status: number, headers: Readonly<Record<string, string>> = {}, body = "no"): Answer =>
  () =>
    new Response([204, 304].includes(status) ? null : body, { status, headers });
