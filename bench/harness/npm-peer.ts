/** Installs the packages of a peer from its own lockfile, the first time it is measured: the project's own install stays small. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { Unavailable } from "./peer.ts";

/** No package's scripts are run. Throws Unavailable where npm cannot install them. */
export async function installPeer(folder: string): Promise<void> {
  const done = join(folder, "node_modules", ".package-lock.json");
  if (existsSync(done)) return;
  process.stderr.write(`installing ${folder.split("/").slice(-3).join("/")} …\n`);
  const npm = Bun.spawn(
    ["npm", "ci", "--ignore-scripts", "--engine-strict=false", "--no-audit", "--no-fund", "--loglevel=error"],
    {
      cwd: folder,
      stdout: "ignore",
      stderr: "pipe",
    },
  );
  const problem = await new Response(npm.stderr).text();
  if ((await npm.exited) !== 0) throw new Unavailable(`npm ci fails: ${problem.trim().split("\n").slice(0, 3).join(" ")}`);
}
