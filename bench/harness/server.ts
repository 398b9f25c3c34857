/** A server as a process: started on a free port, ready when it answers, stopped by its own process id. */
import { createServer } from "node:net";
import type { Subprocess } from "bun";

export interface ServerProcess {
  readonly url: string;
  readonly pid: number;
  /** Seconds from the start of the process to the end of its first answer. */
  readonly startSeconds: number;
  stop(): Promise<void>;
}

export interface ServerOptions {
  readonly command: readonly string[];
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The environment variable that tells the port. Default PORT. */
  readonly portVariable?: string;
  /** The server is ready when this path answers with a status below 500. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Milliseconds to become ready. Default 60 s. */
  readonly readyMs?: number;
}

/** What runs now: ended with this process, however it ends short of SIGKILL. */
const alive = new Set<Subprocess>();
process.on("exit", () => {
  for (const child of alive) child.kill("SIGTERM");
});

const stopMs = 10_000;
const outputKept = 2000;

/** A port that is free now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() =>
        typeof address === "object" && address !== null ? resolve(address.port) : reject(new Error("no port")),
      );
    });
  });
}

/** Throws with the end of what the server printed when it ends, or does not answer in time. */
export async function startServer(options: ServerOptions): Promise<ServerProcess> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const started = performance.now();
  const child = Bun.spawn([...options.command], {
    cwd: options.cwd,
    env: { ...process.env, ...options.env, [options.portVariable ?? "PORT"]: String(port) },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  alive.add(child);
  void child.exited.then(() => alive.delete(child));
  let output = "";
  const keep = async (stream: ReadableStream<Uint8Array>) => {
    const decoder = new TextDecoder();
    for await (const chunk of stream) output = (output + decoder.decode(chunk, { stream: true })).slice(-outputKept);
  };
  const read = Promise.all([keep(child.stdout), keep(child.stderr)]);
  const stop = async () => {
    child.kill("SIGTERM");
    const late = setTimeout(() => child.kill("SIGKILL"), stopMs);
    await child.exited;
    clearTimeout(late);
  };
  const deadline = started + (options.readyMs ?? 60_000);
  while (performance.now() < deadline && child.exitCode === null) {
    const answer = await fetch(url + options.path, { headers: options.headers ?? {}, signal: AbortSignal.timeout(5000) }).catch(
      () => undefined,
    );
    await answer?.arrayBuffer();
    if (answer !== undefined && answer.status < 500)
      return { url, pid: child.pid, startSeconds: (performance.now() - started) / 1000, stop };
    await Bun.sleep(2);
  }
  await stop();
  await read;
  throw new Error(`${options.command.join(" ")} does not answer at ${options.path}:\n${output.trim()}`);
}

/** The parts of a peer's Running that follow from its server's process. */
export async function serve(options: ServerOptions): Promise<{
  readonly url: string;
  readonly serverPids: readonly number[];
  stop(): Promise<void>;
  startAgain(): Promise<number>;
}> {
  const server = await startServer(options);
  const startAgain = async () => {
    const again = await startServer(options);
    await again.stop();
    return again.startSeconds;
  };
  return { url: server.url, serverPids: [server.pid], stop: server.stop, startAgain };
}
