/**
 * The data folder: the database, the secret, the demo credentials. Only its account may enter it (mode 0700), and the files of the database are
 * its account's alone (0600), also where the folder was made by somebody else: they hold what customers trust the bank with.
 */
import { closeSync, chmodSync, existsSync, mkdirSync, openSync, statSync } from "node:fs";
import { dirname } from "node:path";
import type { Config } from "./config.ts";
import { StartError } from "./start-error.ts";

const folderMode = 0o700;
const fileMode = 0o600;
/** What a group and others may do. */
const othersMask = 0o077;

/** The files of a SQLite database: itself, and beside it those of its log. */
const databaseSuffixes = ["", "-wal", "-shm"];

/** Path of the SQLite file; undefined for another database. */
export const databasePath = ({ databaseUrl }: Pick<Config, "databaseUrl">): string | undefined =>
  databaseUrl.startsWith("sqlite:") ? databaseUrl.replace(/^sqlite:(?:\/\/(?=\/))?/, "") : undefined;

/** The files of the configured database that are there. */
export const databaseFiles = (config: Pick<Config, "databaseUrl">): readonly string[] => {
  const path = databasePath(config);
  return path === undefined ? [] : databaseSuffixes.map((suffix) => path + suffix).filter((file) => existsSync(file));
};

/** Whether somebody but the owner may read, write or enter. Always false on Windows, whose files have no such mode. */
export const isOpenToOthers = (path: string): boolean => process.platform !== "win32" && (statSync(path).mode & othersMask) !== 0;

const guardDatabase = (config: Pick<Config, "databaseUrl">): void => {
  const path = databasePath(config);
  if (path === undefined) return;
  mkdirSync(dirname(path), { recursive: true, mode: folderMode });
  // Opened only to be made: closing a file drops every lock that this process has on it. SQLite gives the log's files the database's mode.
  if (!existsSync(path)) closeSync(openSync(path, "a", fileMode));
  for (const file of databaseFiles(config)) if (isOpenToOthers(file)) chmodSync(file, fileMode);
};

/** Makes the folder and the database's file where they are missing, and closes the database's files to others. Throws a `StartError`. */
export const makeDataFolder = (config: Pick<Config, "data" | "databaseUrl">): void => {
  try {
    mkdirSync(config.data, { recursive: true, mode: folderMode });
  } catch (error) {
    throw new StartError("configuration", `PONS_DATA is "${config.data}": ${(error as Error).message}`, { cause: error });
  }
  try {
    guardDatabase(config);
  } catch (error) {
    const message = `the database ${databasePath(config) ?? ""} cannot be opened: ${(error as Error).message}`;
    throw new StartError("unavailable", message, { cause: error });
  }
};
