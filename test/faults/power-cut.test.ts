/**
 * A power cut that drops what was not synced, simulated on SQLite. A library put before the server (`disk-log.c`) notes, in one log, what is written to
 * the files of the database and when it is synced; callers note how far the log was when an answer had come. Then the power goes at many places of
 * that log: the folder is rebuilt as a disk could have it (`disk.ts`), opened by the store, and judged: nothing acknowledged before the cut is lost, nothing
 * is there by half, the books agree.
 *
 * The control is the same with a disk that does not sync and says it did, as with `PRAGMA synchronous = OFF`: there the judge must find something.
 *
 * Limits: Linux with a C compiler. Postgres keeps its own files; that it is asked to wait for the disk is `src/store/postgres/session.test.ts`.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { openStore } from "../../src/store/index.ts";
import { startServer } from "../host/server.ts";
import { TemporaryFolder } from "../host/temporary-folder.ts";
import { checkBooks, checkBooksTwice, judge, judgeRows } from "./bank-check.ts";
import { type Asked, partiesOf, putUnderLoad } from "./bank-load.ts";
import { Disk } from "./disk.ts";
import { compileDiskLog, compiler, diskLogEnvironment, type Logged, positionOf, readDiskLog } from "./disk-log.ts";
import { type Direct, openDirect } from "./direct.ts";
import { Random } from "./random.ts";

const minuteMs = 60_000;
const connections = 12;
/** Enough for several checkpoints: each comes after 16 MiB of the write-ahead log. */
const logBytes = 50 * 1024 * 1024;
const loadMsMax = 60_000;
const cuts = 60;
/** Enough to see that the judge finds something. */
const controlCuts = 15;
/** Cuts after which the server itself is started on what is left. */
const starts = 4;
const services = ["services/bank"];
const databaseName = "pons.sqlite";
/** Rebuilt from the log; SQLite makes the -shm file anew, and the other files of the folder were durable before. */
const isWatched = (name: string): boolean => name.startsWith(databaseName) && !name.endsWith("-shm");

const skip = "missing" in compiler ? compiler.missing : undefined;
if (skip !== undefined) console.warn(`power cuts are not tested here: ${skip}`);

interface Recording {
  readonly log: readonly Logged[];
  readonly all: readonly Asked[];
  /** The folder as it was before the load, all of it durable. */
  readonly base: string;
  /** The folder as the killed server left it. */
  readonly left: string;
}

const filesOf = (folder: string): ReadonlyMap<string, Uint8Array> =>
  new Map(
    readdirSync(folder)
      .filter(isWatched)
      .map((name) => [name, readFileSync(`${folder}/${name}`)]),
  );

/** Runs the server under load and records it: its folder before, its log, what was asked. */
const record = async (
  folder: TemporaryFolder,
  options: { readonly library: string; readonly ignoreSync: boolean },
): Promise<Recording> => {
  const [data, base, file] = [folder.at("data"), folder.at("base"), folder.at("disk.log")];
  // Filled with demo data and ended in good order.
  await using seeded = await startServer({ data, services });
  expect(await seeded.stop()).toBe(0);
  cpSync(data, base, { recursive: true });
  const environment = diskLogEnvironment({ ...options, folder: data, prefix: databaseName, file });
  await using server = await startServer({ data, services, environment });
  const parties = await partiesOf(server);
  const ending = new AbortController();
  const all = await putUnderLoad(server, parties, {
    connections,
    signal: AbortSignal.any([ending.signal, AbortSignal.timeout(loadMsMax)]),
    mark: () => {
      const position = positionOf(file);
      if (position >= logBytes) ending.abort();
      return position;
    },
  });
  await server.stop("SIGKILL");
  return { log: await readDiskLog(file), all, base, left: data };
};

/** Where the power goes, as positions of the log: a third anywhere, a third right at an answer, a third while the log is copied into the file. */
const cutsOf = (
  { log, all, base }: Recording,
  { count, random }: { readonly count: number; readonly random: Random },
): readonly number[] => {
  const [database] = log.flatMap(({ event }) => (event.kind === "open" && event.name === databaseName ? [event.inode] : []));
  const ends = log.map(({ end }) => end);
  const answers = all.flatMap(({ mark }) => mark ?? []);
  const copies = log.flatMap(({ event, end }) =>
    "inode" in event && event.inode === database && event.kind !== "open" ? [end] : [],
  );
  if (answers.length === 0 || copies.length === 0) throw new Error(`nothing happened in ${base}`);
  return Array.from({ length: count }, (_, at) => random.pick([ends, answers, copies][at % 3] ?? ends)).toSorted((a, b) => a - b);
};

/** What callers knew when the power went. */
const knownAt = (all: readonly Asked[], position: number): readonly Asked[] =>
  all.map((asked) =>
    asked.fate === "acknowledged" && asked.mark !== undefined && asked.mark > position ? { ...asked, fate: "unknown" } : asked,
  );

/** A folder as the power cut left it. */
const rebuild = (recording: Recording, files: ReadonlyMap<string, Uint8Array>, folder: string): string => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  for (const name of readdirSync(recording.base)) if (!isWatched(name)) cpSync(`${recording.base}/${name}`, `${folder}/${name}`);
  for (const [name, bytes] of files) writeFileSync(`${folder}/${name}`, bytes);
  return folder;
};

/** Judges a folder with the database opened by the store. Throws with what is wrong. */
const judgeFolder = async (folder: string, known: readonly Asked[]): Promise<void> => {
  const store = await openStore(`sqlite:${folder}/${databaseName}`);
  const direct: Direct = {
    engine: "sqlite",
    query: async (sql, values = []) => store.admin.query(sql, values),
    [Symbol.asyncDispose]: () => Promise.resolve(store.close()),
  };
  await using _ = direct;
  expect(await direct.query("PRAGMA integrity_check")).toEqual([{ integrity_check: "ok" }]);
  expect(await direct.query("PRAGMA foreign_key_check")).toEqual([]);
  await judgeRows(direct, known);
  await checkBooks(direct);
};

// Without a C compiler there is no log of the disk; `skip` says what is missing.
describe.skipIf(skip !== undefined)("sqlite: the power goes", () => {
  const library = new TemporaryFolder();
  let path: string;
  beforeAll(() => {
    path = compileDiskLog(library.path);
  });
  afterAll(() => library[Symbol.dispose]());

  test(
    `SECURITY 39: ${cuts} times: what was acknowledged is there`,
    async () => {
      using folder = new TemporaryFolder();
      const recording = await record(folder, { library: path, ignoreSync: false });
      const { log, all, left } = recording;
      expect(all.filter(({ fate }) => fate === "acknowledged").length).toBeGreaterThan(200);

      const seed = Number(process.env["PONS_FAULT_SEED"] ?? Date.now() % 2 ** 31);
      const random = new Random(seed);
      const positions = cutsOf(recording, { count: cuts, random });
      const disk = new Disk(filesOf(recording.base));
      let at = 0;
      for (const [number, position] of positions.entries()) {
        for (; at < log.length && (log[at]?.end ?? 0) <= position; at++) disk.apply(log[at]?.event as Logged["event"]);
        const rebuilt = rebuild(recording, disk.afterPowerLoss(random), folder.at("rebuilt"));
        const known = knownAt(all, position);
        await judgeFolder(rebuilt, known).catch((error: unknown) => {
          throw new Error(`seed ${seed}, cut ${number} at ${position} of the log`, { cause: error });
        });
        if (number % Math.ceil(cuts / starts) !== 0) continue;
        await using server = await startServer({ data: rebuilt, services });
        await using direct = openDirect(`sqlite:${rebuilt}/${databaseName}`);
        await judge(server, direct, known);
        await checkBooksTwice(direct, `sqlite:${rebuilt}/${databaseName}`);
      }
      // The log knows everything: all of it done, the folder is as the server left it.
      for (; at < log.length; at++) disk.apply(log[at]?.event as Logged["event"]);
      const whole = disk.now();
      const found = filesOf(left);
      expect([...whole.keys()].toSorted()).toEqual([...found.keys()].toSorted());
      for (const [name, bytes] of found) expect(`${name} ${Bun.hash(bytes)}`).toBe(`${name} ${Bun.hash(whole.get(name) ?? "")}`);
    },
    3 * minuteMs,
  );

  test(
    "control: on a disk that does not sync something is lost",
    async () => {
      using folder = new TemporaryFolder();
      const recording = await record(folder, { library: path, ignoreSync: true });
      const { log, all, base } = recording;
      const random = new Random(1);
      const disk = new Disk(filesOf(base));
      let at = 0;
      const failures: unknown[] = [];
      for (const position of cutsOf(recording, { count: controlCuts, random })) {
        for (; at < log.length && (log[at]?.end ?? 0) <= position; at++) disk.apply(log[at]?.event as Logged["event"]);
        const rebuilt = rebuild(recording, disk.afterPowerLoss(random), folder.at("rebuilt"));
        await judgeFolder(rebuilt, knownAt(all, position)).catch((error: unknown) => failures.push(error));
      }
      expect(failures.length).toBeGreaterThan(0);
    },
    3 * minuteMs,
  );
});
