/**
 * The real server as a process of its own, by its command: what a person starts. Ends with the test at the latest.
 *
 *   await using server = await startServer({ data, environment: { PONS_DATABASE_URL: url } });
 *   await server.fetch("/bank/v2/accounts")
 */
import { join } from "node:path";
import type { DemoFile } from "../../src/host/demo-file.ts";

export const root = join(import.meta.dir, "..", "..");
/** The command line: src/cli/main.ts, or a bundle of it that a test run has made. */
const main = process.env["PONS_TEST_MAIN"] ?? join(root, "src", "cli", "main.ts");

/** The environment of a command: nothing of the surroundings that could change what it does. */
export const environmentOf = (settings: Readonly<Record<string, string>>): Record<string, string> => {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith("PONS_") && !name.startsWith("npm_"));
  return { ...Object.fromEntries(kept.map(([name, value]) => [name, value ?? ""])), ...settings };
};

export interface ServerOptions {
  /** Data folder. */
  readonly data: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly services?: readonly string[];
}

/** What `pons start --json` prints. */
export interface StartFacts {
  readonly baseUrl: string;
  readonly mode: string;
  readonly grpcPort?: number;
  readonly linePort?: number;
  readonly demo?: Pick<DemoFile, "keys" | "logins" | "basic"> & { readonly file: string };
}

const startMsMax = 30_000;

export class TestServer implements AsyncDisposable {
  readonly facts: StartFacts;
  readonly child: Bun.Subprocess<"ignore", "pipe", "pipe">;
  readonly #log: () => string;

  constructor(child: TestServer["child"], facts: StartFacts, log: () => string) {
    this.child = child;
    this.facts = facts;
    this.#log = log;
  }

  /** What it wrote to standard error so far. */
  get log(): string {
    return this.#log();
  }

  /** A request with the sandbox key of the staff, unless headers say otherwise. */
  fetch(path: string, init: BunFetchRequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    const { demo, baseUrl } = this.facts;
    if (!headers.has("authorization") && demo !== undefined) headers.set("authorization", `Bearer ${demo.keys.sandbox}`);
    return fetch(`${baseUrl}${path}`, { ...init, headers });
  }

  /** The `data` of an answer. Throws when it was refused. */
  async data<T>(path: string, init: BunFetchRequestInit = {}): Promise<T> {
    const response = await this.fetch(path, init);
    const answer = (await response.json()) as { success: boolean; data: T };
    if (!answer.success) throw new Error(`${path}: ${JSON.stringify(answer)}`);
    return answer.data;
  }

  post(path: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    return this.fetch(path, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(body),
    });
  }

  /** Asks it to end; the exit code. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<number> {
    this.child.kill(signal);
    return this.child.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) await this.stop("SIGKILL");
  }
}

/** Collects what a stream brings. */
const collect = (stream: ReadableStream<Uint8Array>): { text: () => string; line: Promise<string | undefined> } => {
  let text = "";
  const line = Promise.withResolvers<string | undefined>();
  const decoder = new TextDecoder();
  const read = async (): Promise<void> => {
    for await (const chunk of stream) {
      text += decoder.decode(chunk, { stream: true });
      if (text.includes("\n")) line.resolve(text.slice(0, text.indexOf("\n")));
    }
    line.resolve(undefined);
  };
  void read();
  return { text: () => text, line: line.promise };
};

/** A command of the command line, under way. */
export const spawnPons = (args: readonly string[], environment: Readonly<Record<string, string>>, cwd = root) =>
  Bun.spawn([process.execPath, main, ...args], {
    cwd,
    env: environmentOf(environment),
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });

export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A command of the command line, from start to end. */
export const pons = async (
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  cwd = root,
): Promise<Ended> => {
  const child = spawnPons(args, environment, cwd);
  const [out, err, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { code, out, err };
};

/** Starts the server on a free port; resolves when it listens. Throws with what it said when it ends instead. */
export const startServer = async ({ data, environment = {}, services = [] }: ServerOptions): Promise<TestServer> => {
  const args = ["start", "--json", ...services.flatMap((path) => ["--services", path])];
  const child = spawnPons(args, { PONS_DATA: data, PONS_PORT: "0", PONS_LOG: "warn", ...environment });
  const [out, err] = [collect(child.stdout), collect(child.stderr)];
  const line = await Promise.race([out.line, Bun.sleep(startMsMax).then(() => undefined)]);
  const facts = line === undefined ? undefined : (JSON.parse(line) as StartFacts);
  if (facts?.baseUrl !== undefined) return new TestServer(child, facts, err.text);
  child.kill("SIGKILL");
  const code = await child.exited;
  throw new Error(`the server did not start (${code}): ${out.text()}${err.text()}`);
};
