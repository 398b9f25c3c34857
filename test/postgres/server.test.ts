import { SQL } from "bun";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { postgresAccount } from "./account.ts";
import { copiedBinaries, linkLibraries, packageFolder } from "./binaries.ts";
import { type PostgresServer, startPostgres } from "./server.ts";

const minute = 60_000;

async function query(url: string, statement: string): Promise<Record<string, unknown>[]> {
  const sql = new SQL(url, { max: 1 });
  try {
    return [...(await sql.unsafe(statement))];
  } finally {
    await sql.close({ timeout: 0 });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function until(condition: () => boolean, ms: number): Promise<boolean> {
  for (const end = Date.now() + ms; Date.now() < end; await Bun.sleep(20)) if (condition()) return true;
  return condition();
}

describe("a Postgres of one's own", () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres({ settings: { work_mem: "5MB" } });
  }, minute);
  afterAll(() => server.stop());

  test("is durable by default, takes settings, listens on 127.0.0.1 only", async () => {
    const [row] = await query(
      server.url,
      `select current_setting('fsync') as fsync, current_setting('synchronous_commit') as commit, current_setting('work_mem') as memory,
              current_setting('listen_addresses') as addresses, current_setting('unix_socket_directories') as sockets`,
    );
    expect(row).toEqual({ fsync: "on", commit: "on", memory: "5MB", addresses: "127.0.0.1", sockets: "" });
  });

  test("does not run as root", () => {
    const status = process.platform === "linux" ? readFileSync(`/proc/${server.pid}/status`, "utf8") : "Uid:\t1";
    expect(/^Uid:\t(\d+)/m.exec(status)?.[1]).not.toBe("0");
  });

  test("refuses a wrong password", async () => {
    const url = new URL(server.url);
    url.password = "wrong";
    const refusal = await query(url.href, "select 1").catch((error: { errno?: string }) => error.errno);
    expect(refusal).toBe("28P01");
  });

  test("gives fresh databases that belong to an ordinary role", async () => {
    const [one, two] = [await server.createDatabase(), await server.createDatabase("named_one")];
    expect(new URL(two).pathname).toBe("/named_one");
    await query(one, "create table t (x int)");
    expect(await query(two, "select count(*)::int as tables from pg_tables where schemaname = 'public'")).toEqual([
      { tables: 0 },
    ]);
    expect(await query(one, "select rolsuper, rolbypassrls from pg_roles where rolname = current_user")).toEqual([
      { rolsuper: false, rolbypassrls: false },
    ]);
  });

  test("folds the case of every letter and orders by code point", async () => {
    const [row] = await query(server.url, `select lower('ÄÇ') as folded, 'ß' ilike 'ß' as same, 'Z' < 'a' as ordered`);
    expect(row).toEqual({ folded: "äç", same: true, ordered: true });
  });

  test("refuses a name that is none", () => {
    expect(server.createDatabase('x"; drop database postgres; --')).rejects.toThrow(TypeError);
  });

  test(
    "keeps what was committed through kill -9, a fast and an immediate restart",
    async () => {
      const url = await server.createDatabase();
      await query(url, "create table t (x int primary key)");
      const steps = [
        () => server.kill9().then(() => server.start()),
        () => server.restart("fast"),
        () => server.restart("immediate"),
      ];
      for (const [x, step] of steps.entries()) {
        await query(url, `insert into t values (${x})`);
        const before = server.pid;
        await step();
        expect(server.pid).not.toBe(before);
      }
      expect(await query(url, "select x from t order by x")).toEqual([{ x: 0 }, { x: 1 }, { x: 2 }]);
    },
    minute,
  );

  test(
    "says that it does not run after kill -9",
    async () => {
      await server.kill9();
      expect(() => server.pid).toThrow("does not run");
      await server.start();
      expect(server.pid).toBeGreaterThan(0);
    },
    minute,
  );
});

describe("its end", () => {
  test(
    "stop() leaves no process and no file, also twice",
    async () => {
      const server = await startPostgres({ fsync: false });
      const { pid, dataDir } = server;
      expect(await query(server.url, "select current_setting('fsync') as fsync")).toEqual([{ fsync: "off" }]);
      await server.stop();
      await server.stop();
      expect({ alive: isAlive(pid), data: existsSync(dataDir) }).toEqual({ alive: false, data: false });
    },
    minute,
  );

  test(
    "a wrong setting is told with the server's own words, and nothing is left",
    async () => {
      const start = startPostgres({ settings: { shared_buffers: "many" } });
      const error = await start.then(
        () => undefined,
        (reason: Error) => reason.message,
      );
      expect(error).toContain('invalid value for parameter "shared_buffers"');
    },
    minute,
  );

  test.each(["SIGKILL", "SIGTERM"] as const)(
    "%s to the process that started it ends it too",
    async (signal) => {
      const script = `const { startPostgres } = await import(${JSON.stringify(join(import.meta.dir, "server.ts"))});
      const server = await startPostgres(); console.log(JSON.stringify([server.pid, server.dataDir])); await Bun.sleep(60_000);`;
      const starter = Bun.spawn([process.execPath, "-e", script], { stdout: "pipe" });
      const reader = starter.stdout.getReader();
      const [pid, dataDir]: [number, string] = JSON.parse(new TextDecoder().decode((await reader.read()).value));
      expect(isAlive(pid)).toBe(true);
      starter.kill(signal);
      await starter.exited;
      expect(await until(() => !isAlive(pid) && !existsSync(dataDir), 10_000)).toBe(true);
    },
    minute,
  );
});

describe("the binaries", () => {
  test("links that no install script made are made, once", () => {
    const folder = mkdtempSync(join(tmpdir(), "pons-links-"));
    mkdirSync(join(folder, "native", "lib"), { recursive: true });
    writeFileSync(join(folder, "native", "lib", "libx.so.1.2"), "x");
    const links = [{ source: "native/lib/libx.so.1.2", target: "native/lib/libx.so" }];
    writeFileSync(join(folder, "native", "pg-symlinks.json"), JSON.stringify(links));
    linkLibraries(folder);
    linkLibraries(folder);
    expect(lstatSync(join(folder, "native", "lib", "libx.so")).isSymbolicLink()).toBe(true);
    expect(readFileSync(join(folder, "native", "lib", "libx.so"), "utf8")).toBe("x");
    rmSync(folder, { recursive: true });
  });

  // A Postgres of the system is no package to copy.
  test.skipIf(!existsSync(packageFolder))(
    "a copy runs where the package's own folder is closed to the account",
    () => {
      linkLibraries(packageFolder);
      const copied = copiedBinaries(packageFolder, postgresAccount());
      expect(copied?.copy).toContain("pons-postgres-binaries-");
      const version = Bun.spawnSync([copied?.postgres ?? "", "--version"]).stdout.toString();
      expect(version).toContain(`(PostgreSQL) ${copied?.version}.`);
      rmSync(copied?.copy ?? "", { recursive: true });
    },
    minute,
  );
});
