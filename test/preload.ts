/**
 * Runs before the tests of `bun test`, also when someone calls it directly: installs what is missing, and refuses a Bun that is too old
 * before it fails in some stranger way.
 */
import { bunVersionMin, ensureInstalled, isBunFit } from "../bin/install.mjs";

if (!isBunFit(Bun.version)) {
  throw new Error(`this is Bun ${Bun.version}; the tests need ${bunVersionMin} or newer: "npm test" uses the right one`);
}
ensureInstalled({ dev: true });
