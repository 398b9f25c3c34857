/** Connections of each kind with one face: a request goes out, its answer comes to a callback. An answer that is none ends the run. */
import type { Socket } from "bun";
import { Connection } from "../../harness/http-client.ts";
import type { Form } from "./forms.ts";
import { Http2Client } from "./http2-client.ts";

/** `wrong`: what was wrong with the status; `body` is valid only inside the callback. */
export type OnReply = (wrong: string | undefined, body: () => Buffer) => void;

export interface Link {
  /** `request` as the form writes it. `status`: of HTTP. */
  send(request: Buffer, onReply: OnReply, status: number): void;
  close(): void;
}

export interface Where {
  readonly hostname: string;
  readonly port: number;
  readonly grpcPort: number;
  readonly linePort: number;
  readonly key: string;
}

type Fail = (error: Error) => void;

const http = async ({ hostname, port }: Where, fail: Fail): Promise<Link> => {
  const connection = new Connection({ hostname, port }, fail);
  await connection.open();
  return {
    send: (request, onReply, status) =>
      connection.send(request, (reply) =>
        onReply(reply.status === status ? undefined : `${reply.status} ${reply.text().slice(0, 500)}`, reply.bytes),
      ),
    close: () => connection.close(),
  };
};

const http2 = async ({ hostname, grpcPort: port, key }: Where, path: string, fail: Fail): Promise<Link> => {
  const client = await Http2Client.open({ hostname, port, path, key }, fail);
  return {
    send: (request, onReply) =>
      client.send(request, ({ status, explanation, message }) =>
        onReply(status === "0" ? undefined : `status ${status}: ${explanation}`, () => message),
      ),
    close: () => client.close(),
  };
};

const socket = async ({ hostname, port, key }: Where, fail: Fail): Promise<Link> => {
  const socket = new WebSocket(`ws://${hostname}:${port}/desk/v1/stream`, {
    headers: { authorization: `Bearer ${key}` },
    protocols: ["pons.v1"],
  });
  const waiting = new Map<string, OnReply>();
  const opened = Promise.withResolvers<void>();
  let [count, isOver] = [0, false];
  socket.addEventListener("open", () => opened.resolve());
  socket.addEventListener("close", ({ code, reason }) => (isOver ? undefined : fail(new Error(`closed: ${code} ${reason}`))));
  socket.addEventListener("message", ({ data }) => {
    const text = String(data);
    const id = text.slice(7, text.indexOf('"', 7));
    const onReply = waiting.get(id);
    if (onReply === undefined) return fail(new Error(`not asked for: ${text.slice(0, 500)}`));
    waiting.delete(id);
    onReply(undefined, () => Buffer.from(text));
  });
  await opened.promise;
  return {
    send(request, onReply) {
      const id = String(++count);
      waiting.set(id, onReply);
      socket.send(`{"id":"${id}",${request.toString("latin1")}`);
    },
    close() {
      isOver = true;
      socket.close();
    },
  };
};

const newline = 10;
/** Answered ones are dropped many at once. */
const answeredMax = 1_024;

/** Answers come in the order of the lines. */
class LineLink implements Link {
  readonly #fail: Fail;
  readonly #waiting: OnReply[] = [];
  #first = 0;
  #socket: Socket | undefined;
  #held: Buffer | undefined;
  #out: Buffer[] = [];
  #isReading = false;

  private constructor(fail: Fail) {
    this.#fail = fail;
  }

  static async open({ hostname, linePort: port, key }: Where, fail: Fail): Promise<LineLink> {
    const link = new LineLink(fail);
    await Bun.connect({
      hostname,
      port,
      socket: {
        open: (socket) => {
          socket.setNoDelay(true);
          link.#socket = socket;
        },
        data: (_, chunk) => link.#read(chunk),
        drain: () => link.#write(),
        close: () => (link.#socket === undefined ? undefined : fail(new Error("the server closed the connection"))),
        error: (_, error) => fail(error),
        connectError: (_, error) => fail(error),
      },
    });
    const { promise, resolve } = Promise.withResolvers<string>();
    link.send(Buffer.from(`Key:${key}`), (_, body) => resolve(body().toString()));
    const answer = await promise;
    if (!answer.startsWith("Status:ok")) throw new Error(answer);
    return link;
  }

  send(request: Buffer, onReply: OnReply): void {
    this.#waiting.push(onReply);
    this.#out.push(request, Buffer.from([newline]));
    if (!this.#isReading) this.#write();
  }

  close(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.end();
  }

  #read(chunk: Buffer): void {
    const bytes = this.#held === undefined ? chunk : Buffer.concat([this.#held, chunk]);
    this.#isReading = true;
    let at = 0;
    for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline, at)) {
      this.#take(bytes.subarray(at, end));
      at = end + 1;
    }
    this.#held = at < bytes.length ? Buffer.from(bytes.subarray(at)) : undefined;
    this.#isReading = false;
    this.#write();
  }

  #take(line: Buffer): void {
    const onReply = this.#waiting[this.#first++];
    if (onReply === undefined) return this.#fail(new Error(`not asked for: ${line.toString()}`));
    if (this.#first === answeredMax) {
      this.#waiting.splice(0, this.#first);
      this.#first = 0;
    }
    onReply(undefined, () => line);
  }

  #write(): void {
    if (this.#socket === undefined || this.#out.length === 0) return;
    const bytes = Buffer.concat(this.#out);
    const written = Math.max(0, this.#socket.write(bytes));
    this.#out = written < bytes.length ? [bytes.subarray(written)] : [];
  }
}

/** Opens a connection for calls of one kind. `path`: the method, over gRPC. */
export const openLink = (carrier: Form["carrier"], where: Where, path: string, fail: Fail): Promise<Link> => {
  switch (carrier) {
    case "http":
      return http(where, fail);
    case "http2":
      return http2(where, path, fail);
    case "socket":
      return socket(where, fail);
    case "line":
      return LineLink.open(where, fail);
  }
};
