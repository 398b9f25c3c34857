/**
 * Programs of Debian in front of a server, as they are used: connections behind them are kept and shared, bodies are passed on as they come, and what is
 * strange in a request is let through as far as they can be told to. Each request that they know of is marked, and each answer says which one it is for.
 *
 *   await using front = new Nginx(port);
 *   await front.start();
 *   front.port, front.h2Port       HTTP/1.1, and HTTP/2 without TLS
 */
import { writeFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { freePort, Program } from "../bridges/debian-server.ts";

const startMs = 10_000;

/** What a front sets as X-Request-Id of each request that it passes on. */
export const mark = "front-";

export abstract class Front implements AsyncDisposable {
  readonly port = freePort();
  readonly h2Port = freePort();
  protected readonly program = new Program();
  readonly #behind: number;

  /** `behind`: the port that it passes requests on to. */
  constructor(behind: number) {
    this.#behind = behind;
  }

  protected abstract write(behind: number): readonly string[];

  async start(): Promise<void> {
    await this.program.start(this.write(this.#behind));
    for (const port of [this.port, this.h2Port]) {
      const until = performance.now() + startMs;
      while (!(await isOpen(port))) {
        if (performance.now() > until) throw new Error(`it does not start: ${this.program.output}${this.program.errors}`);
        await Bun.sleep(20);
      }
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.program[Symbol.asyncDispose]();
  }
}

const isOpen = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });

export class Nginx extends Front {
  protected write(behind: number): readonly string[] {
    const { folder } = this.program;
    const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${folder}/${name};`);
    writeFileSync(
      `${folder}/nginx.conf`,
      `daemon off; master_process off; pid ${folder}/nginx.pid; error_log stderr error;
events { worker_connections 512; }
http {
  access_log off; ${temporary.join(" ")}
  upstream pons { server 127.0.0.1:${behind}; keepalive 2; }
  server {
    listen 127.0.0.1:${this.port};
    listen 127.0.0.1:${this.h2Port} http2;
    ignore_invalid_headers off; underscores_in_headers on; merge_slashes off; client_max_body_size 0;
    location / {
      proxy_pass http://pons;
      proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $http_host;
      proxy_set_header X-Request-Id ${mark}$request_id;
      add_header X-Front ${mark}$request_id always;
      proxy_request_buffering off; proxy_buffering off; proxy_next_upstream off; proxy_read_timeout 5s;
    }
  }
}
`,
    );
    return ["nginx", "-p", folder, "-e", "stderr", "-c", `${folder}/nginx.conf`];
  }
}

export class Haproxy extends Front {
  protected write(behind: number): readonly string[] {
    const { folder } = this.program;
    writeFileSync(
      `${folder}/haproxy.cfg`,
      `global
  maxconn 256
defaults
  mode http
  timeout connect 5s
  timeout client 5s
  timeout server 5s
  option accept-invalid-http-request
frontend all
  bind 127.0.0.1:${this.port}
  bind 127.0.0.1:${this.h2Port} proto h2
  unique-id-format %[uuid()]
  http-request set-header X-Request-Id ${mark}%[unique-id]
  http-response set-header X-Front ${mark}%[unique-id]
  default_backend pons
backend pons
  http-reuse always
  option accept-invalid-http-response
  server one 127.0.0.1:${behind} pool-max-conn 2
`,
    );
    return ["haproxy", "-db", "-f", `${folder}/haproxy.cfg`];
  }
}

/** Whether the first answer, but for those that say to go on, is the last one by its own words. */
const isLast = (heard: string): boolean => {
  const [head = ""] = heard.replace(/^(?:HTTP\/1\.1 1\d\d[^]*?\r\n\r\n)+/, "").split("\r\n\r\n", 1);
  return /^connection: close\r?$/im.test(head);
};

/** What passes between a front and the server behind it. */
export class Tap implements AsyncDisposable {
  readonly port: number;
  readonly #server: ReturnType<typeof createServer>;
  readonly #open = new Set<Socket>();
  /** Connections that the front has opened. */
  connections = 0;
  #asked = "";
  #answered = "";
  #brokenOff: string[] = [];

  private constructor(server: ReturnType<typeof createServer>, port: number) {
    this.#server = server;
    this.port = port;
  }

  static async before(port: number): Promise<Tap> {
    const server = createServer((front) => tap.#join(front, connect(port, "127.0.0.1")));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const tap = new Tap(server, typeof address === "object" && address !== null ? address.port : 0);
    return tap;
  }

  /**
   * What was asked and answered since the last time, and the last answers on connections that the server has ended without saying so: a front shares those
   * for good, and gives others no answer whose requests it sends there just then.
   */
  take(): { readonly asked: string; readonly answered: string; readonly brokenOff: readonly string[] } {
    const taken = { asked: this.#asked, answered: this.#answered, brokenOff: this.#brokenOff };
    [this.#asked, this.#answered, this.#brokenOff] = ["", "", []];
    return taken;
  }

  #join(front: Socket, server: Socket): void {
    this.connections++;
    this.#open.add(front);
    const end = (): void => {
      front.destroy();
      server.destroy();
      this.#open.delete(front);
    };
    for (const socket of [front, server]) socket.on("error", end).on("close", end);
    let isEndedByFront = false;
    /** Everything since the last request. */
    let heard = "";
    front.on("end", () => void (isEndedByFront = true));
    front.on("data", (bytes: Buffer) => {
      const text = bytes.toString("latin1");
      this.#asked += text;
      if (text.includes(mark)) heard = "";
      server.write(bytes);
    });
    server.on("data", (bytes: Buffer) => {
      const text = bytes.toString("latin1");
      this.#answered += text;
      heard += text;
      front.write(bytes);
    });
    server.on("end", () => {
      // Without any answer the front answers the sender, and nobody else is touched.
      if (!isEndedByFront && heard !== "" && !isLast(heard)) this.#brokenOff.push(heard);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#open) socket.destroy();
    await new Promise<void>((resolve) => void this.#server.close(() => resolve()));
  }
}
