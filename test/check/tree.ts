/** The files of a source tree that the checks look at. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

const skippedFolders = new Set(["node_modules", ".git", "data", "coverage", "dist", "fixtures", ".work", "__pycache__", ".venv"]);

/** Paths relative to `root`, with `/`, sorted; folders of dependencies, data and fixtures left out. */
export function filesIn(root: string, folder = ""): string[] {
  const found: string[] = [];
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) {
      if (!skippedFolders.has(entry.name)) found.push(...filesIn(root, path));
    } else if (entry.isFile()) found.push(path);
  }
  return found.toSorted();
}

/**
 * What belongs to the project: everything git does not ignore, new files included. In a copy without git: every file of the tree.
 */
export function projectFiles(root: string): string[] {
  if (!existsSync(join(root, ".git"))) return filesIn(root);
  const listed = Bun.spawnSync(["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"], { cwd: root });
  if (listed.exitCode !== 0) return filesIn(root);
  const paths = listed.stdout.toString().split("\0");
  return paths.filter((path) => path !== "" && existsSync(join(root, path))).toSorted();
}
