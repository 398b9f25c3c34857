/** `pons keys` in production, from an empty database on, beside a server that runs. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, existsSync, statSync } from "node:fs";
import { line } from "../host/command-line.ts";
import { type Ended, pons, startServer, type TestServer } from "../host/server.ts";
import { TemporaryFolder } from "../host/temporary-folder.ts";

const folder = new TemporaryFolder();
const data = folder.at("data");
const production = { PONS_MODE: "production", PONS_SECRET: "s".repeat(40), PONS_LOG: "warn" };
const run = (...args: readonly string[]): Promise<Ended> => line(args, { ...production, PONS_DATA: data });
const acme = ["--tenant", "acme", "--environment", "live"];
let server: TestServer;
let first: string;

beforeAll(async () => {
  const args = ["keys", "create", ...acme, "--roles", "teller,auditor", "--app", "office"];
  const made = await pons(args, { ...production, PONS_DATA: data });
  expect(made).toMatchObject({ code: 0, err: expect.stringContaining("only time") });
  first = made.out.trim();
  server = await startServer({ data, environment: production });
}, 30_000);
afterAll(async () => {
  expect(await server.stop()).toBe(0);
  folder[Symbol.dispose]();
});

const statusWith = async (key: string): Promise<number> =>
  (await server.fetch("/bank/v2/accounts", { headers: { authorization: `Bearer ${key}` } })).status;

const create = async (...args: readonly string[]): Promise<{ readonly key: string; readonly expiresAt: string | null }> => {
  const ended = await run("keys", "create", ...args, "--json");
  expect(ended).toMatchObject({ code: 0, err: "" });
  return JSON.parse(ended.out) as { key: string; expiresAt: string | null };
};

interface Listed {
  readonly id: string;
  readonly prefix: string;
  readonly tenant: string;
  readonly roles: readonly string[];
  readonly state: string;
}

const listed = async (...args: readonly string[]): Promise<readonly Listed[]> =>
  (JSON.parse((await run("keys", "list", "--json", ...args)).out) as { keys: Listed[] }).keys;

describe("keys", () => {
  test("the first one opens a production server that had none", async () => {
    expect(first).toMatch(/^pons_live_[0-9A-Za-z]{38}$/);
    expect(await statusWith(first)).toBe(200);
    expect((await listed("--tenant", "acme")).at(0)).toMatchObject({ roles: ["auditor", "teller"], state: "active" });
  });

  test("one made while the server runs is taken at once, and refused once it is revoked by its id", async () => {
    const { key } = await create("--tenant", "beta", "--environment", "live", "--roles", "auditor");
    expect(await statusWith(key)).toBe(200);
    const [held] = await listed("--tenant", "beta");
    expect(key.startsWith(held?.prefix ?? "-")).toBe(true);
    expect(await run("keys", "revoke", held?.id ?? "")).toMatchObject({ code: 0 });
    await Bun.sleep(1_100);
    expect(await statusWith(key)).toBe(401);
    expect(await run("keys", "revoke", key)).toMatchObject({ code: 0, out: expect.stringContaining("was revoked before") });
    expect((await listed("--tenant", "beta")).map(({ state }) => state)).toEqual(["revoked"]);
  });

  test("one that expires is refused from that moment on", async () => {
    const expires = new Date(Date.now() + 2_500).toISOString();
    const { key, expiresAt } = await create(...acme, "--roles", "auditor", "--expires", expires);
    expect(expiresAt).toBe(expires);
    expect(await statusWith(key)).toBe(200);
    await Bun.sleep(Date.parse(expires) - Date.now() + 50);
    expect(await statusWith(key)).toBe(401);
  });

  test("no list and no file of the database shows a key", async () => {
    const { out } = await run("keys", "list");
    expect(out).toContain("office");
    expect(out).not.toContain(first);
    for (const file of ["pons.sqlite", "pons.sqlite-wal"])
      expect(await Bun.file(`${data}/${file}`).text()).not.toContain(first.slice(15));
  });

  test.each([
    [["create", ...acme], "--roles is missing: expected some of auditor, customer, manager, platform:admin, platform:auditor"],
    [["create", ...acme, "--roles", "tellr"], 'Did you mean "teller"?'],
    [["create", "--environment", "live", "--roles", "teller"], "--tenant is missing"],
    [["create", "--tenant", "A b", "--environment", "live", "--roles", "teller"], '--tenant is "A b"'],
    [["create", "--tenant", "acme", "--environment", "Live", "--roles", "teller"], '--environment is "Live"'],
    [["create", ...acme, "--roles", "teller", "--expires", "2020-01-01"], "that is to come"],
    [["create", ...acme, "--roles", "teller", "--expires", "2027-02-30"], "that is to come"],
    [["create", ...acme, "--roles", "teller", "--user", "a\nb"], "expected text"],
    [["list", "--roles", "teller"], "--roles has no meaning"],
    [["list", "x"], "one argument too many"],
    [["revoke"], "which one says <key>"],
    [["revoke", "0123456789ab"], "there is no key 0123456789ab"],
    [["mak"], "expected create, list, revoke"],
  ])("%p is refused", async (args, message) => {
    const before = (await listed()).length;
    const ended = await run("keys", ...args);
    expect(ended).toMatchObject({ code: 64, out: "" });
    expect(ended.err).toContain(message);
    expect(await listed()).toHaveLength(before);
  });
});

const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);

// Windows has no such modes.
test.skipIf(process.platform === "win32")(
  "the data folder and the database are their account's alone, older files too",
  async () => {
    expect(modeOf(data)).toBe("700");
    const files = ["pons.sqlite", "pons.sqlite-wal", "pons.sqlite-shm"].map((name) => `${data}/${name}`);
    expect(files.map((file) => [existsSync(file), modeOf(file)])).toEqual(files.map(() => [true, "600"]));
    for (const file of files) chmodSync(file, 0o644);
    chmodSync(data, 0o755);
    const doctor = await run("doctor");
    for (const file of files) expect(doctor.out).toContain(`${file} can be read by others`);
    expect(doctor.out).toContain(`${data} can be entered by others`);
    await run("keys", "list");
    expect(files.map(modeOf)).toEqual(["600", "600", "600"]);
  },
);
