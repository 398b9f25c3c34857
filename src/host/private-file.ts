/** Files that only their owner may read (mode 0600), written whole or not at all. */
import { linkSync, mkdirSync, promises, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

const privateMode = 0o600;
const folderMode = 0o700;

/** The text of a file; undefined when there is none. */
export const readIfPresent = (path: string): string | undefined => {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
};

const besideOf = (path: string): string => `${path}.${process.pid}.${crypto.randomUUID()}`;

const writeBeside = (path: string, text: string): string => {
  mkdirSync(dirname(path), { recursive: true, mode: folderMode });
  const beside = besideOf(path);
  writeFileSync(beside, text, { mode: privateMode, flag: "wx", flush: true });
  return beside;
};

/** Writes the file in place of what was there. The disk is waited for beside other work: it may take longer than all else of a start. */
export const writePrivate = async (path: string, text: string): Promise<void> => {
  mkdirSync(dirname(path), { recursive: true, mode: folderMode });
  const beside = besideOf(path);
  await promises.writeFile(beside, text, { mode: privateMode, flag: "wx", flush: true });
  await promises.rename(beside, path);
};

/** Writes the file unless there is one. Of several processes that do so at once one wins; all get the text that stays. */
export const createPrivate = (path: string, text: string): string => {
  const beside = writeBeside(path, text);
  try {
    linkSync(beside, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    rmSync(beside);
  }
  return readFileSync(path, "utf8");
};
