/**
 * Installs the tools of package.json beside this file into `.test/contract-tools`, once per lockfile: two linters and a browser driver, which
 * only these tests need. Throws with a named reason where they cannot be installed; several test files that ask at once share one installation.
 */
import { existsSync } from "node:fs";
import { copyFile, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

const installMsMax = 180_000;
const folder = join(import.meta.dir, "../../../.test/contract-tools");
const files = ["package.json", "package-lock.json", ".npmrc"] as const;

const isInstalled = async (): Promise<boolean> => {
  try {
    const [wanted, present] = await Promise.all(
      [join(import.meta.dir, "package-lock.json"), join(folder, "installed-lock.json")].map((path) => readFile(path, "utf8")),
    );
    return wanted === present && existsSync(join(folder, "node_modules"));
  } catch {
    return false;
  }
};

const install = async (): Promise<void> => {
  const fresh = `${folder}.${process.pid}`;
  await rm(fresh, { recursive: true, force: true });
  await mkdir(fresh, { recursive: true });
  for (const file of files) await copyFile(join(import.meta.dir, file), join(fresh, file));
  const npm = Bun.spawn(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], {
    cwd: fresh,
    stdout: "ignore",
    stderr: "pipe",
    timeout: installMsMax,
  });
  const [code, errors] = await Promise.all([npm.exited, new Response(npm.stderr).text()]);
  if (code !== 0) {
    await rm(fresh, { recursive: true, force: true });
    throw new Error(
      `the contract tools cannot be installed (npm ci ended with ${code}): ${errors.trim().split("\n").slice(-3).join(" ")}`,
    );
  }
  await writeFile(join(fresh, "installed-lock.json"), await readFile(join(fresh, "package-lock.json")));
  // Another test process may have been faster: whichever comes last finds the same content.
  await rm(folder, { recursive: true, force: true });
  try {
    await rename(fresh, folder);
  } catch (error) {
    await rm(fresh, { recursive: true, force: true });
    if (!(await isInstalled())) throw error;
  }
};

/** The folder whose `node_modules` has the tools. */
export const toolsFolder = async (): Promise<string> => {
  if (!(await isInstalled())) await install();
  return folder;
};
