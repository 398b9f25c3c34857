/**
 * Brings the documentation up to date: generated parts are made anew, and commands are typed and their answers written where they differ.
 *
 *   node bin/pons.mjs --run test/docs/write.ts            everything
 *   node bin/pons.mjs --run test/docs/write.ts README.md  only this page
 *
 * Look at the difference before it is committed: a changed answer is a change for every reader.
 */
import { join } from "node:path";
import { blockDifference, blockFrom } from "./answer.ts";
import { withBlock, withGenerated } from "./markdown.ts";
import { pages } from "./pages.ts";
import { generated } from "./reference.ts";
import { playPage } from "./session.ts";
import { projectFiles } from "../check/tree.ts";

const root = join(import.meta.dir, "..", "..");
const wanted = Bun.argv.slice(2);
const isWanted = (path: string): boolean => wanted.length === 0 || wanted.includes(path);

for (const path of projectFiles(root).filter((file) => file.endsWith(".md") && isWanted(file))) {
  const before = await Bun.file(join(root, path)).text();
  let text = withGenerated(before, generated);
  const page = pages.find((one) => one.path === path);
  if (page !== undefined) {
    const exchanges = await playPage(page, text);
    // From the end, so that the lines of the others stay where they are.
    for (const { shown, actual } of exchanges.toReversed()) {
      if (blockDifference(shown.language, shown.text, actual) !== undefined)
        text = withBlock(text, shown, blockFrom(shown.language, shown.text, actual));
    }
  }
  if (text === before) continue;
  await Bun.write(join(root, path), text);
  console.log(`${path} was written`);
}
