/** A client of graphql-transport-ws by hand: what no client sends. */
import type { Data } from "./library.ts";

const waitMs = 8_000;
export const within = async <T>(promise: Promise<T>, what: string): Promise<T> => {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`waited too long for ${what}`)), waitMs);
  return Promise.race([promise, late.promise]).finally(() => clearTimeout(timer));
};

/** A socket by hand. */
export class ByHand {
  readonly socket: WebSocket;
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  readonly #told: Data[] = [];
  readonly #waiting: ((message: Data) => void)[] = [];

  constructor(
    url: string,
    {
      protocols = ["graphql-transport-ws"],
      headers = {},
    }: { readonly protocols?: readonly string[]; readonly headers?: Record<string, string> } = {},
  ) {
    this.socket = new WebSocket(url, { protocols: [...protocols], headers });
    this.closed = new Promise((resolve) =>
      this.socket.addEventListener("close", ({ code, reason }) => resolve({ code, reason })),
    );
    this.socket.addEventListener("message", ({ data }) => {
      const message = JSON.parse(String(data)) as Data;
      const next = this.#waiting.shift();
      if (next === undefined) this.#told.push(message);
      else next(message);
    });
  }

  open(): Promise<void> {
    return within(
      new Promise((resolve, reject) => {
        this.socket.addEventListener("open", () => resolve());
        this.socket.addEventListener("error", () => reject(new Error("refused")));
      }),
      "a connection",
    );
  }

  send(message: unknown): void {
    this.socket.send(typeof message === "string" ? message : JSON.stringify(message));
  }

  next(): Promise<Data> {
    const told = this.#told.shift();
    return told === undefined
      ? within(new Promise((resolve) => this.#waiting.push(resolve)), "a message")
      : Promise.resolve(told);
  }

  async begin(payload?: Data): Promise<Data> {
    await this.open();
    this.send({ type: "connection_init", ...(payload === undefined ? {} : { payload }) });
    return this.next();
  }

  end(): Promise<{ readonly code: number; readonly reason: string }> {
    return within(this.closed, "the end");
  }
}
