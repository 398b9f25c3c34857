import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { SQL } from "bun";
import { startPostgres, type PostgresServer } from "../../../test/postgres/index.ts";
import { openStore } from "../index.ts";
import { openSession } from "./session.ts";

const minute = 60_000;

/** How the connection that writes commits. */
const settingOfWrites = async (url: string): Promise<unknown> => {
  const store = await openStore(url);
  try {
    const [row] = await store.admin.query("SELECT current_setting('synchronous_commit') AS setting");
    return row?.["setting"];
  } finally {
    await store.close();
  }
};

describe("synchronous_commit", () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres({ settings: { synchronous_commit: "off" } });
  }, minute);
  afterAll(() => server.stop());

  test.each(["server", "database", "role"])("off as the default of the %s does not win", async (owner) => {
    const url = await server.createDatabase();
    const { pathname, username } = new URL(url);
    const outside = new SQL(server.url, { max: 1 });
    if (owner === "database") await outside.unsafe(`ALTER DATABASE ${pathname.slice(1)} SET synchronous_commit = off`);
    if (owner === "role") await outside.unsafe(`ALTER ROLE ${username} SET synchronous_commit = local`);
    await outside.close();
    const plain = new SQL(url, { max: 1 });
    const [row] = await plain.unsafe("SELECT current_setting('synchronous_commit') AS setting");
    await plain.close();
    // The default is what it was made to be, and the store's connections have their own.
    expect(row?.setting).toBe(owner === "role" ? "local" : "off");
    expect(await settingOfWrites(url)).toBe("on");
  });

  test("a session that was ended comes back with it", async () => {
    const url = await server.createDatabase();
    const session = openSession({ url, timeoutMs: 5_000 });
    const ask = async () =>
      (await session.unsafe("SELECT current_setting('synchronous_commit') AS setting, pg_backend_pid() AS pid"))[0];
    const before = await ask();
    const outside = new SQL(server.url, { max: 1 });
    await outside.unsafe("SELECT pg_terminate_backend($1)", [before.pid]);
    await outside.close();
    await Bun.sleep(50);
    const after = await ask();
    await session.close();
    expect(after.pid).not.toBe(before.pid);
    expect([before.setting, after.setting]).toEqual(["on", "on"]);
  });
});
