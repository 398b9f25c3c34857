/**
 * A private, real Valkey or Redis for tests: own free port on 127.0.0.1, own folder, nothing written to disk, gone with the process that
 * started it.
 *
 *   await using redis = await startRedis();
 *   new ClusterLimiter({ url: redis.url, … });
 */
import { test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RedisClient, type Subprocess } from "bun";

const startMs = 10_000;
const portAttempts = 5;

/** Runs the server until the standard input closes, which it does however this process ends. */
const guarded = `
"$@" > /dev/null 2>&1 &
pid=$!
echo "$pid"
cat > /dev/null
kill -CONT "$pid" 2> /dev/null
kill -KILL "$pid" 2> /dev/null
wait "$pid"
`;

const found = Bun.which("valkey-server") ?? Bun.which("redis-server");
/** Where the tests are proof of a release, they do not pass by being left out. */
const isRequired = process.env["PONS_TEST_REDIS"] === "required";

/** Whether there is a server to test with. */
export const isRedisThere = found !== null || isRequired;

/** `test`, left out by name where this machine has neither Valkey nor Redis. */
export const redisTest = (name: string, body: () => void | Promise<unknown>, timeoutMs?: number): void => {
  if (isRedisThere) test(name, body, timeoutMs);
  else test.skip(`${name} (needs valkey-server or redis-server in PATH)`, () => undefined);
};

function findServer(): string {
  if (found === null)
    throw new Error(
      "these tests need valkey-server or redis-server (7 or newer) in PATH; on Debian: apt-get install -y redis-server",
    );
  return found;
}

export class RedisServer implements AsyncDisposable {
  readonly port: number;
  readonly url: string;
  readonly #folder = mkdtempSync(join(tmpdir(), "pons-redis-"));
  #shell: Subprocess<"pipe", "pipe", "ignore"> | undefined;
  #pid = 0;

  constructor(port: number) {
    this.port = port;
    this.url = `redis://127.0.0.1:${port}`;
  }

  async start(): Promise<void> {
    if (this.#shell !== undefined) return;
    const command = [findServer(), "--port", String(this.port), "--bind", "127.0.0.1", "--dir", this.#folder];
    const settings = ["--save", "", "--appendonly", "no", "--daemonize", "no"];
    const shell = Bun.spawn(["sh", "-c", guarded, "guard", ...command, ...settings], {
      stdin: "pipe",
      stdout: "pipe",
      stderr: "ignore",
      cwd: this.#folder,
      detached: true,
    });
    this.#shell = shell;
    const { value } = await shell.stdout.getReader().read();
    this.#pid = Number(new TextDecoder().decode(value).trim());
    const deadline = performance.now() + startMs;
    for (;;) {
      const client = new RedisClient(this.url, { autoReconnect: false, connectionTimeout: 1000 });
      try {
        await client.connect();
        // Another server may have taken the port.
        const info = String(await client.send("INFO", ["server"]));
        if (info.includes(`process_id:${this.#pid}\r\n`)) return;
        throw new Error(`port ${this.port} belongs to another server`);
      } catch (error) {
        if (performance.now() < deadline && isAlive(this.#pid)) await Bun.sleep(20);
        else {
          await this.kill();
          throw error;
        }
      } finally {
        client.close();
      }
    }
  }

  /** Ends it at once. What it held is gone. */
  async kill(): Promise<void> {
    const shell = this.#shell;
    this.#shell = undefined;
    if (shell === undefined) return;
    await shell.stdin.end();
    await shell.exited;
  }

  /** It is there and says nothing, until `go`. */
  freeze(): void {
    process.kill(this.#pid, "SIGSTOP");
  }

  go(): void {
    process.kill(this.#pid, "SIGCONT");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

export async function startRedis(): Promise<RedisServer> {
  findServer();
  for (let attempt = 1; ; attempt++) {
    const server = new RedisServer(freePort());
    try {
      await server.start();
      return server;
    } catch (error) {
      await server[Symbol.asyncDispose]();
      if (attempt === portAttempts) throw error;
    }
  }
}

function freePort(): number {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = listener;
  listener.stop(true);
  return port;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
