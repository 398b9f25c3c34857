/** Calls over a WebSocket: the credentials with the first message, as a browser has to send them; a connection is kept for each caller. */
import { connect } from "node:net";
import { versionView } from "../../../src/contract/versions.ts";
import type { RawInclude, RawQuery } from "../../../src/pipeline/call.ts";
import type { Asked, Driver, Heard, Target } from "../driver.ts";

interface Envelope {
  readonly id?: string;
  readonly success?: boolean;
  readonly data?: unknown;
  readonly pagination?: Record<string, unknown>;
  readonly replayed?: boolean;
  readonly retryAfter?: number;
  readonly error?: {
    readonly type: string;
    readonly message: string;
    readonly requestId: string;
    readonly details?: Record<string, unknown>;
  };
}

interface Answer {
  readonly envelope: Envelope;
  readonly text: string;
}

/** Headers that messages have members for; all others go with the request that opens the connection. */
const ofMessages: ReadonlySet<string> = new Set(["idempotency-key", "if-match", "x-request-id"]);
const ofAuthentication: ReadonlySet<string> = new Set(["pons-tenant", "pons-act-for", "pons-reason"]);
const connectionsMax = 100;
const answerMsMax = 10_000;

const includeText = ({ name, perPage, sortBy, include }: RawInclude): string => {
  const options = [
    ...(perPage === undefined ? [] : [`perPage:${JSON.stringify(perPage)}`]),
    ...(sortBy === undefined ? [] : [`sortBy:${sortBy.join(",")}`]),
    ...(include === undefined ? [] : [`include:${include.map(includeText).join(",")}`]),
  ];
  return options.length === 0 ? name : `${name}(${options.join(",")})`;
};

/** A list's query as the member `query`. */
export const queryMember = ({ filters = [], named, include, ...rest }: RawQuery): Record<string, unknown> => {
  const conditions = filters.map(({ path, op, values }) => [op === "eq" ? path : `${path}[${op}]`, values] as const);
  return {
    ...rest,
    ...Object.fromEntries(conditions),
    ...(named === undefined ? {} : { filters: named }),
    ...(include === undefined ? {} : { include: include.map(includeText) }),
  };
};

/** One caller's connection. */
class Line {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<string, (answer: Answer) => void>();
  readonly #opened: Promise<void>;
  #count = 0;
  #end: string | undefined;
  #wasOpen = false;

  constructor(url: string, headers: Readonly<Record<string, string>>, first: object | undefined) {
    this.#socket = new WebSocket(url, { headers: { ...headers }, protocols: ["pons.v1"] });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#opened = promise;
    this.#socket.addEventListener("open", () => {
      this.#wasOpen = true;
      if (first !== undefined) this.#socket.send(JSON.stringify(first));
      resolve();
    });
    this.#socket.addEventListener("message", ({ data }) => this.#take(String(data)));
    this.#socket.addEventListener("close", ({ code, reason }) => {
      this.#end = `${code} ${reason}`;
      reject(new Error(this.#end));
      for (const answer of this.#waiting.values())
        answer({ envelope: this.#last ?? { error: noError(this.#end) }, text: this.#lastText });
      this.#waiting.clear();
    });
  }

  /** The refusal of the credentials, which comes before the connection ends. */
  #last: Envelope | undefined;
  #lastText = "";

  get isOver(): boolean {
    return this.#end !== undefined;
  }

  /** Whether it was refused before it was open: what was answered then, WebSocket clients do not tell. */
  async isRefused(): Promise<boolean> {
    await this.#opened.catch(() => undefined);
    return !this.#wasOpen;
  }

  async ask(message: object): Promise<Answer> {
    await this.#opened.catch(() => undefined);
    const id = String(++this.#count);
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const timer = setTimeout(() => reject(new Error(`no answer to ${JSON.stringify(message)}`)), answerMsMax);
    this.#waiting.set(id, resolve);
    if (this.#end === undefined) this.#socket.send(JSON.stringify({ id, ...message }));
    else resolve({ envelope: this.#last ?? { error: noError(this.#end) }, text: this.#lastText });
    return promise.finally(() => clearTimeout(timer));
  }

  close(): void {
    this.#socket.close();
  }

  #take(text: string): void {
    const envelope = JSON.parse(text) as Envelope;
    const { id, error } = envelope;
    if (id === undefined) {
      if (error === undefined) return;
      [this.#last, this.#lastText] = [envelope, text];
      // Of a message that cannot be read the id is not known either: it is the only one that waits.
      const [only, ...more] = this.#waiting;
      if (only === undefined || more.length > 0) return;
      this.#waiting.delete(only[0]);
      only[1]({ envelope, text });
      return;
    }
    this.#waiting.get(id)?.({ envelope, text });
    this.#waiting.delete(id);
  }
}

const noError = (end: string): NonNullable<Envelope["error"]> => ({ type: `closed ${end}`, message: end, requestId: "-" });

const lines = new Map<string, Line>();

/** The connection of a caller who has sent such headers. */
const lineOf = ({ baseUrl }: Target, { service, version, key, headers = {} }: Asked, newest: string): Line => {
  const own = Object.entries(headers).filter(([name]) => !ofMessages.has(name) && !ofAuthentication.has(name));
  const { "pons-tenant": tenant, "pons-act-for": subject, "pons-reason": reason } = headers;
  const actFor = subject === undefined ? undefined : { subject, ...(reason === undefined ? {} : { reason }) };
  const url = `${baseUrl.replace(/^http/, "ws")}/${service}/${version ?? newest}/stream`;
  const acting = { ...(tenant === undefined ? {} : { tenant }), ...(actFor === undefined ? {} : { actFor }) };
  const authenticate = { authorization: `Bearer ${key}`, ...acting };
  const name = JSON.stringify([url, own, key === undefined ? acting : authenticate]);
  const known = lines.get(name);
  if (known?.isOver === false) return known;
  if (lines.size >= connectionsMax) {
    const [eldest] = lines.entries();
    if (eldest !== undefined) {
      lines.delete(eldest[0]);
      eldest[1].close();
    }
  }
  // Who has no credentials names the tenant with the request that opens the connection.
  const stranger = tenant === undefined || key !== undefined ? {} : { "pons-tenant": tenant };
  const line = new Line(url, { ...Object.fromEntries(own), ...stranger }, key === undefined ? undefined : { authenticate });
  lines.set(name, line);
  return line;
};

const isIssues = (data: unknown): data is Record<string, readonly string[]> =>
  typeof data === "object" && data !== null && Object.values(data).every(Array.isArray);

const heardOf = ({ envelope, text }: Answer): Heard => {
  const { id, data, error, pagination, replayed = false, retryAfter } = envelope;
  const face = text.replace(`"id":${JSON.stringify(id)},`, "");
  if (error === undefined)
    return {
      outcome: "done",
      ...(data === undefined ? {} : { data }),
      ...(pagination === undefined ? {} : { page: pagination }),
      replayed,
      face,
    };
  return {
    outcome: error.type,
    message: error.message,
    ...(isIssues(data) ? { issues: data } : {}),
    ...(error.details === undefined ? {} : { details: error.details }),
    ...(retryAfter === undefined ? {} : { retryAfter }),
    replayed,
    face: face.replaceAll(error.requestId, ""),
  };
};

/** The same request to open a connection, and what is answered to it. */
const shaken = (url: URL, headers: Readonly<Record<string, string>>): Promise<Heard> =>
  new Promise((resolve, reject) => {
    const socket = connect(Number(url.port), url.hostname);
    const lines = [
      `GET ${url.pathname} HTTP/1.1`,
      `host: ${url.host}`,
      "connection: Upgrade",
      "upgrade: websocket",
      "sec-websocket-version: 13",
      "sec-websocket-protocol: pons.v1",
      `sec-websocket-key: ${Buffer.alloc(16).toString("base64")}`,
      ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ];
    socket.write(`${lines.join("\r\n")}\r\n\r\n`);
    let text = "";
    const timer = setTimeout(() => socket.destroy(new Error(`no answer to the opening: ${text}`)), answerMsMax);
    socket.on("data", (part: Buffer) => {
      text += part.toString();
      const [head = "", body = ""] = text.split("\r\n\r\n");
      const length = Number(/^content-length: (\d+)$/im.exec(head)?.[1] ?? Number.NaN);
      if (Buffer.byteLength(body) === length) {
        clearTimeout(timer);
        socket.destroy();
        const retryAfter = /^retry-after: (\d+)$/im.exec(head)?.[1];
        const envelope = JSON.parse(body) as Envelope;
        resolve(
          heardOf({
            envelope: retryAfter === undefined ? envelope : { ...envelope, retryAfter: Number(retryAfter) },
            text: `${head} ${body}`,
          }),
        );
      }
    });
    socket.on("error", reject);
  });

export const streamDriver: Driver = {
  name: "WebSocket",
  can(asked, target) {
    const contract = target.contract(asked.service);
    return versionView(contract, asked.version ?? contract.version).contract.operations.has(asked.operation);
  },
  async ask(target, asked) {
    const { operation, input, headers = {} } = asked;
    const { query, ...rest } = input;
    const newest = target.contract(asked.service).version;
    const line = lineOf(target, asked, newest);
    if (await line.isRefused()) {
      const headers = { ...asked.headers, ...(asked.key === undefined ? {} : { authorization: `Bearer ${asked.key}` }) };
      return shaken(new URL(`/${asked.service}/${asked.version ?? newest}/stream`, target.baseUrl), headers);
    }
    return heardOf(
      await line.ask({
        operation,
        input: { ...rest, ...(query === undefined ? {} : { query: queryMember(query) }) },
        ...(headers["idempotency-key"] === undefined ? {} : { idempotencyKey: headers["idempotency-key"] }),
        ...(headers["if-match"] === undefined ? {} : { ifMatch: headers["if-match"] }),
        ...(headers["x-request-id"] === undefined ? {} : { requestId: headers["x-request-id"] }),
      }),
    );
  },
  async close() {
    for (const line of lines.values()) line.close();
    lines.clear();
  },
};
