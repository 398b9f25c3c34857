/** Programs of Debian that tests need: they run until this process ends, however it does, and what they write is in a folder of their own. */
import { test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Subprocess } from "bun";

/** Runs the program until the standard input closes, which it does however this process ends. */
const guarded = `
"$@" &
pid=$!
echo "pid $pid"
cat > /dev/null
kill -CONT "$pid" 2> /dev/null
kill -KILL "$pid" 2> /dev/null
wait "$pid"
`;

/** Lets the program end with the shell too, where there is such a thing: a test that takes too long has its shell killed. */
const withShell = Bun.which("setpriv") === null ? [] : ["setpriv", "--pdeathsig", "KILL"];

const folders = ["/usr/sbin", "/usr/local/sbin"];

/** Where a program is; null: it is not installed. */
export const whichProgram = (name: string): string | null => Bun.which(name) ?? Bun.which(name, { PATH: folders.join(":") });

/** `test`, left out by name where a program of Debian is not installed. Where the tests are proof of a release, it does not pass by being left out. */
export const testWith =
  (program: string, requiredBy: string) =>
  (name: string, body: () => void | Promise<unknown>, timeoutMs?: number): void => {
    if (whichProgram(program) !== null || process.env[requiredBy] === "required") test(name, body, timeoutMs);
    else test.skip(`${name} (needs ${program} in PATH; on Debian: apt-get install -y ${program})`, () => undefined);
  };

export class Program implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), "pons-program-"));
  #shell: Subprocess<"pipe", "pipe", "pipe"> | undefined;
  #pid = 0;
  #output = "";
  #errors = "";

  /** What it has written to standard output. */
  get output(): string {
    return this.#output;
  }

  /** What it has written to standard error. */
  get errors(): string {
    return this.#errors;
  }

  async start(command: readonly string[]): Promise<void> {
    const [program = ""] = command;
    const path = whichProgram(program);
    if (path === null) throw new Error(`${program} is not installed; on Debian: apt-get install -y ${program}`);
    const shell = Bun.spawn(["sh", "-c", guarded, "guard", ...withShell, path, ...command.slice(1)], {
      stdin: "pipe",
      stdout: "pipe",
      stderr: "pipe",
      cwd: this.folder,
      detached: true,
    });
    this.#shell = shell;
    [this.#output, this.#errors] = ["", ""];
    const started = Promise.withResolvers<number>();
    const read = async (from: ReadableStream<Uint8Array>, add: (text: string) => void): Promise<void> => {
      const decoder = new TextDecoder();
      for await (const chunk of from) add(decoder.decode(chunk, { stream: true }));
    };
    void read(shell.stdout, (text) => {
      this.#output += text;
      const [, pid] = /^pid (\d+)$/m.exec(this.#output) ?? [];
      if (pid !== undefined) started.resolve(Number(pid));
    });
    void read(shell.stderr, (text) => (this.#errors += text));
    this.#pid = await started.promise;
  }

  /** Ends it at once, as kill -9 does. */
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
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export const freePort = (): number => {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = listener;
  listener.stop(true);
  return port;
};
