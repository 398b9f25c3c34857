/** What `pons doctor` looks at: each check says good, doubtful or bad, what it found, and what to do about it. */
import { accessSync, constants, existsSync, readFileSync, statfsSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { tablesOf } from "../host/app.ts";
import { baseUrl } from "../host/base-url.ts";
import { compileOrExplain, openDatabase } from "../host/boot.ts";
import { type Config, describeProblems, type Environment, readConfig } from "../host/config.ts";
import type { SettingName } from "../host/setting.ts";
import { databaseFiles, databasePath, isOpenToOthers } from "../host/data-folder.ts";
import { demoPath } from "../host/demo-file.ts";
import { type LoadedService, loadServices } from "../host/load-services.ts";
import { checkSchema, type OpenStore, type Table } from "../store/index.ts";

export type Verdict = "good" | "doubtful" | "bad";

export interface Finding {
  readonly check: string;
  readonly verdict: Verdict;
  readonly found: string;
  readonly advice?: string;
}

const packageFile = join(import.meta.dir, "..", "..", "package.json");
const mebibyte = 1024 ** 2;
const diskLowBytes = 1024 * mebibyte;
const diskEmptyBytes = 100 * mebibyte;
const answerMsMax = 2_000;
const clockOffMsMax = 1_000;
/** No clock that is right shows an earlier moment. */
const releasedMs = Date.UTC(2026, 0, 1);

const good = (check: string, found: string): Finding => ({ check, verdict: "good", found });
const doubtful = (check: string, found: string, advice: string): Finding => ({ check, verdict: "doubtful", found, advice });
const bad = (check: string, found: string, advice: string): Finding => ({ check, verdict: "bad", found, advice });
const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const checkBun = (): Finding => {
  const { dependencies } = JSON.parse(readFileSync(packageFile, "utf8")) as { dependencies: Record<string, string> };
  const wanted = dependencies["bun"] ?? "";
  return Bun.version === wanted
    ? good("bun", Bun.version)
    : doubtful(
        "bun",
        `${Bun.version}; tested with ${wanted}`,
        "Start with npm start or bin/pons.mjs, which bring the tested one",
      );
};

/** The folder itself, or the one in which it will be made. */
const existing = (path: string): string => (existsSync(path) || dirname(path) === path ? path : existing(dirname(path)));

const checkData = (config: Config): Finding[] => {
  const { data, mode } = config;
  const folder = existing(data);
  try {
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch {
    return [bad("data folder", `${data} cannot be written`, "Set PONS_DATA to a folder of this account, or change its owner")];
  }
  const findings = [good("data folder", folder === data ? data : `${data} (will be made)`)];
  if (folder === data && isOpenToOthers(data))
    findings.push(doubtful("data folder", `${data} can be entered by others`, `chmod 700 ${data}`));
  for (const file of [demoPath(data), join(data, "secret"), ...databaseFiles(config)]) {
    if (existsSync(file) && isOpenToOthers(file))
      findings.push(doubtful("data folder", `${file} can be read by others`, `chmod 600 ${file}`));
  }
  if (mode === "production" && existsSync(demoPath(data)))
    findings.push(
      doubtful("data folder", "demo.json in production", "The demo tenant's keys are valid as long as the database holds them"),
    );
  return findings;
};

const checkDisk = ({ data }: Config): Finding => {
  const { bavail, bsize } = statfsSync(existing(data));
  const free = bavail * bsize;
  const found = `${Math.floor(free / mebibyte)} MiB free`;
  if (free < diskEmptyBytes) return bad("disk", found, "Make room: changes will be refused when the disk is full");
  return free < diskLowBytes ? doubtful("disk", found, "Make room soon") : good("disk", found);
};

const isFree = (host: string, port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
  });

const checkPort = async (config: Config): Promise<Finding> => {
  const { host, port } = config;
  if (port === 0 || (await isFree(host, port))) return good("port", port === 0 ? "any free one" : `${port} is free`);
  const url = baseUrl(config, port);
  try {
    const answer = await fetch(`${url}/`, {
      headers: { Accept: "application/json" },
      signal: AbortSignal.timeout(answerMsMax),
      tls: { rejectUnauthorized: false },
    });
    const { name } = (await answer.json()) as { name?: unknown };
    if (name === "Pons") return good("port", `Pons answers at ${url}`);
  } catch {
    // Whoever listens there does not speak as Pons does.
  }
  return bad("port", `${port} is taken by another process`, "Stop it, or set PONS_PORT");
};

const checkClock = async (store: OpenStore | undefined): Promise<Finding> => {
  if (Date.now() < releasedMs) return bad("clock", new Date().toISOString(), "Set the machine's clock");
  if (store?.engine !== "postgres") return good("clock", new Date().toISOString());
  const before = Date.now();
  const [row] = await store.admin.query("SELECT (extract(epoch from clock_timestamp()) * 1000)::text AS ms");
  const offMs = Math.round(Number(row?.["ms"]) - (before + Date.now()) / 2);
  const found = `${Math.abs(offMs)} ms ${offMs < 0 ? "ahead of" : "behind"} the database's`;
  return Math.abs(offMs) > clockOffMsMax
    ? doubtful("clock", found, "Let both machines take their time from the same source (NTP)")
    : good("clock", found);
};

const checkServices = async (paths: readonly string[]): Promise<{ finding: Finding; tables?: readonly Table[] }> => {
  let services: readonly LoadedService[];
  try {
    services = await loadServices(paths);
    const contracts = compileOrExplain(services);
    const names = [...contracts.values()].map(({ service, version }) => `${service} ${version}`);
    return { finding: good("services", names.join(", ")), tables: tablesOf(contracts.values()) };
  } catch (error) {
    return { finding: bad("services", reasonOf(error), "Correct the definition") };
  }
};

const checkTables = async (store: OpenStore, tables: readonly Table[], { mode }: Config): Promise<Finding> => {
  const schema = await checkSchema(store, tables);
  if (schema.fits) return good("schema", "fits");
  const found = `${schema.missing.length} steps behind: ${schema.missing.slice(0, 3).join(", ")}${schema.missing.length > 3 ? " …" : ""}`;
  return mode === "development"
    ? doubtful("schema", found, "Applied at the next start, if nothing is lost; see: pons migrate")
    : bad("schema", found, "pons migrate --apply");
};

/** Whether what was acknowledged outlives a power cut. Pons asks for it with each write; a server of Postgres may be set up not to heed that. */
const checkDurability = async (store: OpenStore): Promise<Finding> => {
  if (store.engine === "sqlite") return good("database", "SQLite answers");
  const [row] = await store.admin.query(
    "SELECT current_setting('fsync') AS fsync, current_setting('full_page_writes') AS full_page_writes",
  );
  const off = Object.entries(row ?? {}).flatMap(([name, value]) => (value === "off" ? [name] : []));
  return off.length === 0
    ? good("database", "Postgres answers")
    : doubtful(
        "database",
        `Postgres answers; off: ${off.join(", ")}`,
        "Set them to on in postgresql.conf: without them a power cut loses what was acknowledged",
      );
};

const checkDatabase = async (config: Config, tables: readonly Table[] | undefined): Promise<Finding[]> => {
  const path = databasePath(config);
  if (path !== undefined && !existsSync(path))
    return [good("database", "SQLite, made at the first start"), await checkClock(undefined)];
  let store: OpenStore;
  try {
    store = await openDatabase(config);
  } catch (error) {
    return [bad("database", reasonOf(error), "Is it started, and is PONS_DATABASE_URL right?"), await checkClock(undefined)];
  }
  try {
    const doubts = store.admin.doubts.map((doubt) => doubtful("database", doubt, "See the guide: roles on Postgres"));
    const findings = [await checkDurability(store), ...doubts];
    if (tables !== undefined) findings.push(await checkTables(store, tables, config));
    return [...findings, await checkClock(store)];
  } finally {
    await store.close();
  }
};

/** What a configuration with mistakes still tells: a check is made when the settings that it rests on were not refused. */
interface Known {
  readonly config: Config;
  readonly refused: ReadonlySet<SettingName>;
  readonly findings: readonly Finding[];
}

const readAll = (environment: Environment): Known => {
  const advice = "See: pons help environment";
  const reading = readConfig(environment);
  const unknown = reading.unknown.map((name) => doubtful("configuration", `${name} is not known`, advice));
  if (reading.ok) {
    const { config } = reading;
    return { config, refused: new Set(), findings: [...unknown, good("configuration", config.mode)] };
  }
  const { problems, rest } = reading;
  const findings = [...unknown, bad("configuration", describeProblems(problems), advice)];
  return { config: rest, refused: new Set(problems.map(({ name }) => name)), findings };
};

/** Looks at everything it can; one finding or more for each check, in a fixed order. Changes nothing. */
export const diagnose = async (environment: Environment, services: readonly string[]): Promise<readonly Finding[]> => {
  const { config, refused, findings } = readAll(environment);
  const rests = (...names: readonly SettingName[]): boolean => names.every((name) => !refused.has(name));
  const { finding, tables } = await checkServices(services);
  const isDatabaseKnown = rests("PONS_DATABASE_URL") && (environment["PONS_DATABASE_URL"] || rests("PONS_DATA"));
  return [
    checkBun(),
    ...findings,
    ...(rests("PONS_DATA") ? [...checkData(config), checkDisk(config)] : []),
    finding,
    ...(isDatabaseKnown ? await checkDatabase(config, tables) : [await checkClock(undefined)]),
    ...(rests("PONS_HOST", "PONS_PORT") ? [await checkPort(config)] : []),
  ];
};
