/**
 * A private, real Postgres for tests and benchmarks: own data folder in the system's folder for temporary files, own free port on
 * 127.0.0.1, own random password, gone with the process that started it.
 *
 *   await using server = await startPostgres();
 *   const url = await server.createDatabase();
 *
 * Durable by default (fsync on): what a test says about lost writes is meant. `fsync: false` is for tests that do not ask.
 * Limits: 30 s to start, 15 s to stop before it is killed, 200 connections.
 */
import { chownSync, closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import type { Subprocess } from "bun";
import { type Account, postgresAccount } from "./account.ts";
import { type Binaries, findBinaries, folderFor } from "./binaries.ts";
import { createDatabaseOn, createOwner } from "./database.ts";
import { type Guard, guard } from "./guard.ts";

export interface PostgresOptions {
  /** Default true. False: nothing is flushed to the disk; a killed server keeps its data, a killed machine does not. */
  readonly fsync?: boolean;
  /** Further settings of postgresql.conf, or other values for those below. */
  readonly settings?: Readonly<Record<string, string>>;
  /** A file the server's log is appended to; default: a file removed with the data. */
  readonly log?: string;
}

const startMs = 30_000;
const stopMs = 15_000;
const portAttempts = 5;
/** The first Postgres with locales of its own. */
const builtinLocaleVersion = 17;

/** How a running server is asked to stop: fast rolls open transactions back, immediate leaves them to recovery, kill is SIGKILL. */
const stopSignals = { fast: "SIGINT", immediate: "SIGQUIT", kill: "SIGKILL" } as const;

export class PostgresServer implements AsyncDisposable {
  readonly dataDir: string;
  readonly port: number;
  /** The superuser's URL of the database `postgres`. Row-level security does not bind a superuser: tests use createDatabase(). */
  readonly url: string;
  readonly #account: Account;
  readonly #binaries: Binaries;
  readonly #folder: string;
  readonly #log: string;
  readonly #guard: Guard;
  #child: Subprocess | undefined;

  constructor(parts: {
    account: Account;
    binaries: Binaries;
    folder: string;
    log: string;
    port: number;
    password: string;
    guard: Guard;
  }) {
    this.#account = parts.account;
    this.#binaries = parts.binaries;
    this.#folder = parts.folder;
    this.#log = parts.log;
    this.#guard = parts.guard;
    this.port = parts.port;
    this.dataDir = join(parts.folder, "data");
    this.url = `postgres://postgres:${parts.password}@127.0.0.1:${parts.port}/postgres`;
  }

  /** The postmaster's process; throws while the server does not run. */
  get pid(): number {
    if (this.#child === undefined) throw new Error("the test Postgres does not run");
    return this.#child.pid;
  }

  /** Starts it again after kill9() or a restart; resolves when connections are accepted. Does nothing while it runs. */
  async start(): Promise<void> {
    if (this.#child !== undefined) return;
    const deadline = Date.now() + startMs;
    let last = "";
    while (Date.now() < deadline) {
      const child = this.#spawn();
      const outcome = await this.#ready(child, deadline);
      if (outcome === "ready") {
        this.#child = child;
        return;
      }
      child.kill("SIGKILL");
      await child.exited;
      last = this.lastLog();
      // After SIGKILL the orphaned backends need a moment to notice and to leave the shared memory.
      if (!/pre-existing shared memory|is still in use|lock file/.test(last)) break;
      await Bun.sleep(100);
    }
    throw new Error(`the test Postgres does not start:\n${last || this.lastLog()}`);
  }

  /** Stops and starts it. Connections break, committed data stays. */
  async restart(mode: "fast" | "immediate" = "fast"): Promise<void> {
    await this.#end(mode);
    await this.start();
  }

  /** SIGKILL to the postmaster: no shutdown, no flush. start() recovers from the write-ahead log. */
  async kill9(): Promise<void> {
    await this.#end("kill");
  }

  /** Ends it and removes its data. Safe to call twice. */
  async stop(): Promise<void> {
    await this.#end("fast");
    rmSync(this.#folder, { recursive: true, force: true });
    if (this.#binaries.copy !== undefined) rmSync(this.#binaries.copy, { recursive: true, force: true });
    await this.#guard.release();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** A fresh, empty database owned by an ordinary role (no superuser: row-level security binds it); its URL. */
  createDatabase(name?: string): Promise<string> {
    return createDatabaseOn(this.url, name);
  }

  /** The last lines of the server's log. */
  lastLog(lines = 15): string {
    return readFileSync(this.#log, "utf8").trimEnd().split("\n").slice(-lines).join("\n");
  }

  #spawn(): Subprocess {
    const log = openSync(this.#log, "a");
    try {
      const command = [this.#binaries.postgres, "-D", this.dataDir];
      const child = Bun.spawn(command, {
        ...this.#account.id,
        cwd: this.#folder,
        stdin: "ignore",
        stdout: log,
        stderr: log,
        detached: true,
      });
      child.unref();
      return child;
    } finally {
      closeSync(log);
    }
  }

  /** The eighth line of postmaster.pid says when connections are accepted. */
  async #ready(child: Subprocess, deadline: number): Promise<"ready" | "failed"> {
    while (Date.now() < deadline) {
      if (child.exitCode !== null || child.signalCode !== null) return "failed";
      const lines = (
        await Bun.file(join(this.dataDir, "postmaster.pid"))
          .text()
          .catch(() => "")
      ).split("\n");
      if (Number(lines[0]) === child.pid && lines[7]?.trim() === "ready") return "ready";
      await Bun.sleep(15);
    }
    return "failed";
  }

  async #end(mode: keyof typeof stopSignals): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    this.#child = undefined;
    child.kill(stopSignals[mode]);
    const late = setTimeout(() => child.kill("SIGKILL"), stopMs);
    await child.exited;
    clearTimeout(late);
  }
}

/** A port that is free now. Another process may take it before Postgres does: the caller tries again with another one. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

function settingsFile(port: number, options: PostgresOptions): string {
  const settings: Record<string, string> = {
    listen_addresses: "127.0.0.1",
    port: String(port),
    unix_socket_directories: "",
    max_connections: "200",
    shared_buffers: "128MB",
    timezone: "UTC",
    log_timezone: "UTC",
    log_min_messages: "warning",
    ...(options.fsync === false ? { fsync: "off", synchronous_commit: "off", full_page_writes: "off" } : {}),
    ...options.settings,
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name} = '${value.replaceAll("'", "''")}'\n`)
    .join("");
}

/** Makes the data folder. Text is UTF-8, ordered by code point, with Unicode's upper and lower case, whatever the system's locale. */
function initialise(account: Account, binaries: Binaries, folder: string, password: string): void {
  const passwordFile = join(folder, "password");
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
  if (account.id !== undefined) chownSync(passwordFile, account.id.uid, account.id.gid);
  const command = [binaries.initdb, "-D", join(folder, "data"), "--username=postgres", `--pwfile=${passwordFile}`];
  command.push("--auth=scram-sha-256", "--encoding=UTF8", "--no-sync", "--no-instructions");
  if (binaries.version < builtinLocaleVersion) command.push("--locale=C.UTF-8");
  else command.push("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8");
  const done = Bun.spawnSync(command, { ...account.id, cwd: folder, stdout: "pipe", stderr: "pipe" });
  rmSync(passwordFile, { force: true });
  if (done.exitCode !== 0)
    throw new Error(`initdb as ${account.name} failed:\n${done.stdout.toString()}${done.stderr.toString()}`);
}

/**
 * Starts a Postgres of its own. Throws NoPostgres where there are no binaries for this system, and an Error with the last lines of the
 * server's log where it does not start.
 */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const account = postgresAccount();
  const binaries = findBinaries(account);
  const folder = mkdtempSync(join(folderFor(account), "pons-postgres-"));
  const watch = guard(folder, binaries.copy === undefined ? [] : [binaries.copy]);
  try {
    const log = options.log ?? join(folder, "server.log");
    if (account.id !== undefined) chownSync(folder, account.id.uid, account.id.gid);
    const password = crypto.randomUUID().replaceAll("-", "");
    initialise(account, binaries, folder, password);
    writeFileSync(log, "", { flag: "a" });
    for (let attempt = 1; ; attempt++) {
      const port = await freePort();
      const server = new PostgresServer({ account, binaries, folder, log, port, password, guard: watch });
      writeFileSync(join(server.dataDir, "postgresql.auto.conf"), settingsFile(port, options));
      try {
        await server.start();
        await createOwner(server.url);
        return server;
      } catch (error) {
        const taken = /could not bind|could not create any TCP/.test(server.lastLog());
        if (!taken || attempt === portAttempts) {
          await server.stop();
          throw error;
        }
      }
    }
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    await watch.release();
    throw error;
  }
}
