/**
 * A disk that becomes full under load, on both engines: what no longer fits is refused as `storage_full`, nothing is there by half, reads go on, and
 * as soon as there is room the server writes again, without a restart. On Postgres it is the disk of the tables; one without room for the
 * write-ahead log ends Postgres itself, which is `kill-database.test.ts`.
 *
 * Limits: Linux, as root, where a file system may be mounted.
 */
import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { SQL } from "bun";
import { startServer } from "../host/server.ts";
import { TemporaryFolder } from "../host/temporary-folder.ts";
import { postgresAccount } from "../postgres/account.ts";
import { folderFor } from "../postgres/binaries.ts";
import { startPostgres } from "../postgres/index.ts";
import { checkBooks, checkBooksTwice, judge, judgeRows } from "./bank-check.ts";
import { type Asked, partiesOf, putUnderLoad } from "./bank-load.ts";
import { openDirect } from "./direct.ts";
import { noSmallDisk, SmallDisk } from "./small-disk.ts";

const minuteMs = 60_000;
const connections = 12;
/** The bank with its demo data, and as much again. */
const megabytes = 80;
/** What is left when the load begins. */
const leave = 512 * 1024;
/** Refusals after which the disk is known to be full. */
const refusalsMin = 100;
const loadMsMax = 20_000;

interface Place {
  readonly disk: SmallDisk;
  readonly url: string;
  close(): Promise<void>;
}

const onSqlite = async (folder: TemporaryFolder): Promise<Place> => {
  const mount = folder.at("disk");
  mkdirSync(mount);
  const disk = new SmallDisk({ folder: mount, megabytes });
  return { disk, url: `sqlite:${join(mount, "bank.sqlite")}`, close: async () => disk[Symbol.dispose]() };
};

/** A database whose tables are on the small disk. */
const onPostgres = async (): Promise<Place> => {
  const account = postgresAccount();
  const mount = mkdtempSync(join(folderFor(account), "pons-small-disk-"));
  const disk = new SmallDisk({ folder: mount, megabytes, owner: account.id });
  const postgres = await startPostgres();
  const url = await postgres.createDatabase();
  const outside = new SQL(postgres.url, { max: 1 });
  await outside.unsafe(`CREATE TABLESPACE small LOCATION '${mount}'`);
  await outside.unsafe(`ALTER DATABASE ${new URL(url).pathname.slice(1)} SET TABLESPACE small`);
  await outside.close();
  const close = async (): Promise<void> => {
    await postgres.stop();
    disk[Symbol.dispose]();
    rmSync(mount, { recursive: true });
  };
  return { disk, url, close };
};

const probe = new TemporaryFolder();
const skip = noSmallDisk(probe.path);
if (skip !== undefined) console.warn(`full disks are not tested here: ${skip}`);
afterAll(() => probe[Symbol.dispose]());

// Without the right to mount a file system no disk can be made full; `skip` says what is missing.
describe.skipIf(skip !== undefined)("a full disk", () => {
  test.each(Object.entries({ sqlite: onSqlite, postgres: onPostgres }))(
    "%s",
    async (_, open) => {
      using folder = new TemporaryFolder();
      const { disk, url, close } = await open(folder);
      try {
        const options = { data: folder.at("data"), services: ["services/bank"], environment: { PONS_DATABASE_URL: url } };
        await using server = await startServer(options);
        const parties = await partiesOf(server);
        disk.fill(leave);

        const full = new AbortController();
        const refusals = new Map<string, number>();
        const asked: Asked[] = [
          ...(await putUnderLoad(server, parties, {
            connections,
            signal: AbortSignal.any([full.signal, AbortSignal.timeout(loadMsMax)]),
            onRefusal: (type) => {
              const count = (refusals.get(type) ?? 0) + 1;
              refusals.set(type, count);
              if (type === "storage_full" && count >= refusalsMin) full.abort();
            },
          })),
        ];
        expect(refusals.get("storage_full") ?? 0).toBeGreaterThanOrEqual(refusalsMin);
        expect([...refusals.keys()]).not.toContain("internal");
        expect((await server.fetch("/bank/v2/accounts")).status).toBe(200);
        expect(server.child.exitCode).toBeNull();
        {
          await using direct = openDirect(url);
          await judgeRows(direct, asked);
          await checkBooks(direct);
        }

        disk.free();
        const again = new AbortController();
        let acknowledged = 0;
        const more = await putUnderLoad(server, parties, {
          connections,
          signal: AbortSignal.any([again.signal, AbortSignal.timeout(loadMsMax)]),
          mark: () => {
            if (++acknowledged > 5 * connections) again.abort();
            return acknowledged;
          },
        });
        asked.push(...more);
        expect(more.filter(({ fate }) => fate === "acknowledged").length).toBeGreaterThan(connections);
        await using direct = openDirect(url);
        await judge(server, direct, asked);
        await checkBooksTwice(direct, url);
        expect(await server.stop()).toBe(0);
      } finally {
        await close();
      }
    },
    2 * minuteMs,
  );
});
