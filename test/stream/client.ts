/** Clients of the stream channel, as a person would write them. */

export type Told = Readonly<Record<string, unknown>> & {
  readonly id?: string;
  readonly success?: boolean;
  readonly status?: number;
  readonly data?: unknown;
  readonly error?: {
    readonly type: string;
    readonly message: string;
    readonly requestId: string;
    readonly details?: Readonly<Record<string, unknown>>;
  };
  readonly event?: CloudEvent;
};

export interface CloudEvent {
  readonly specversion: string;
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly subject?: string;
  readonly time: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface ConnectOptions {
  readonly key?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly protocols?: readonly string[];
}

const waitMsMax = 8_000;

const within = async <T>(promise: Promise<T>, what: string, ms = waitMsMax): Promise<T> => {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`waited too long for ${what}`)), ms);
  return Promise.race([promise, late.promise]).finally(() => clearTimeout(timer));
};

/** A WebSocket with what it was told so far. */
export class Socket {
  readonly #socket: WebSocket;
  readonly #told: Told[] = [];
  readonly #waiting = new Set<() => void>();
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  #count = 0;
  isClosed = false;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    this.closed = new Promise((resolve) =>
      socket.addEventListener("close", ({ code, reason }) => {
        this.isClosed = true;
        resolve({ code, reason });
        this.#wake();
      }),
    );
    socket.addEventListener("message", ({ data }) => {
      this.#told.push(JSON.parse(String(data)) as Told);
      this.#wake();
    });
  }

  /** Rejects where the server takes no connection. */
  static async open(url: string, { key, headers = {}, protocols = ["pons.v1"] }: ConnectOptions): Promise<Socket> {
    const all = { ...(key === undefined ? {} : { authorization: `Bearer ${key}` }), ...headers };
    const socket = new WebSocket(url, { headers: all, protocols: [...protocols] });
    const made = new Socket(socket);
    const opened = new Promise<void>((resolve, reject) => {
      socket.addEventListener("open", () => resolve());
      socket.addEventListener("error", () => reject(new Error("refused")));
      socket.addEventListener("close", ({ code, reason }) => reject(new Error(`${code} ${reason}`)));
    });
    await within(opened, "a connection");
    return made;
  }

  get protocol(): string {
    return this.#socket.protocol;
  }

  /** All that was told and not taken yet. */
  get told(): readonly Told[] {
    return this.#told;
  }

  send(message: object | string | Uint8Array<ArrayBuffer>): void {
    this.#socket.send(typeof message === "string" || message instanceof Uint8Array ? message : JSON.stringify(message));
  }

  /** Sends a message under an id of its own, and waits for its answer. */
  async ask(message: object): Promise<Told> {
    const id = `q${++this.#count}`;
    this.send({ id, ...message });
    const wanted = "id" in message ? (message as { id: string }).id : id;
    return this.next((told) => told.id === wanted && told.event === undefined);
  }

  /** Takes the first message that fits, now or once it comes. */
  async next(fits: (told: Told) => boolean = () => true, ms = waitMsMax): Promise<Told> {
    const take = async (): Promise<Told> => {
      for (;;) {
        const at = this.#told.findIndex(fits);
        if (at !== -1) return this.#told.splice(at, 1)[0] as Told;
        if (this.isClosed) throw new Error(`closed: ${JSON.stringify(await this.closed)}`);
        await new Promise<void>((resolve) => this.#waiting.add(resolve));
      }
    };
    return within(take(), "a message", ms);
  }

  /** The next events of a subscription. */
  async events(count: number, id?: string): Promise<readonly CloudEvent[]> {
    const events: CloudEvent[] = [];
    while (events.length < count) {
      const told = await this.next((one) => one.event !== undefined && (id === undefined || one.id === id));
      events.push(told.event as CloudEvent);
    }
    return events;
  }

  async ends(ms = waitMsMax): Promise<string> {
    const { code, reason } = await within(this.closed, "the end", ms);
    return `${code} ${reason}`.trim();
  }

  close(): void {
    this.#socket.close();
  }

  #wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const resolve of waiting) resolve();
  }
}

export interface ServerSentEvent {
  readonly id: string | undefined;
  readonly event: string;
  readonly data: string;
}

interface Reader {
  read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
  cancel(): Promise<void>;
}

/** Reads an event stream by the rules of WHATWG HTML, section 9.2.6. */
export class EventReader implements AsyncDisposable {
  readonly response: Response;
  readonly #reader: Reader | undefined;
  readonly #decoder = new TextDecoder();
  #buffer = "";
  /** As `EventSource` keeps it. */
  lastEventId = "";
  comments = 0;
  retry: number | undefined;
  isEnded = false;

  constructor(response: Response) {
    this.response = response;
    this.#reader =
      response.headers.get("content-type")?.startsWith("text/event-stream") === true ? response.body?.getReader() : undefined;
  }

  get status(): number {
    return this.response.status;
  }

  /** Type of the refusal. */
  async refusal(): Promise<string> {
    return ((await this.response.json()) as { error: { type: string } }).error.type;
  }

  /** The next event; undefined at the end. */
  async next(ms = waitMsMax): Promise<ServerSentEvent | undefined> {
    return within(this.#next(), "an event", ms);
  }

  async events(count: number): Promise<readonly CloudEvent[]> {
    const events: CloudEvent[] = [];
    while (events.length < count) {
      const event = await this.next();
      if (event === undefined || event.event === "end") throw new Error(`ended after ${events.length}: ${event?.data}`);
      events.push(JSON.parse(event.data) as CloudEvent);
    }
    return events;
  }

  /** The last words, once what comes before them is over. */
  async last(ms = waitMsMax): Promise<Readonly<Record<string, unknown>>> {
    for (;;) {
      const event = await this.next(ms);
      if (event === undefined) return { reason: "none" };
      if (event.event === "end") return JSON.parse(event.data) as Readonly<Record<string, unknown>>;
    }
  }

  async close(): Promise<void> {
    await this.#reader?.cancel().catch(() => undefined);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #next(): Promise<ServerSentEvent | undefined> {
    for (;;) {
      const end = this.#buffer.indexOf("\n\n");
      if (end === -1) {
        const { done, value } = (await this.#reader?.read()) ?? { done: true, value: undefined };
        if (done) {
          this.isEnded = true;
          return undefined;
        }
        this.#buffer += this.#decoder.decode(value, { stream: true });
        continue;
      }
      const block = this.#buffer.slice(0, end);
      this.#buffer = this.#buffer.slice(end + 2);
      const event = this.#read(block);
      if (event !== undefined) return event;
    }
  }

  #read(block: string): ServerSentEvent | undefined {
    let event = "message";
    let id: string | undefined;
    const data: string[] = [];
    for (const line of block.split("\n")) {
      const colon = line.indexOf(":");
      if (colon === 0) this.comments++;
      const [field, value] = colon === -1 ? [line, ""] : [line.slice(0, colon), line.slice(colon + 1).replace(/^ /, "")];
      if (field === "id") id = value;
      else if (field === "event") event = value;
      else if (field === "data") data.push(value);
      else if (field === "retry") this.retry = Number(value);
    }
    if (id !== undefined) this.lastEventId = id;
    return data.length === 0 ? undefined : { id, event, data: data.join("\n") };
  }
}
