/** The commands of the documentation are typed into a shell against servers started for them; what they answer is compared with what is shown. */
import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { blockDifference } from "./answer.ts";
import { pages } from "./pages.ts";
import { type Page, playPage, serviceOf, type StandIns, typedBlocks } from "./session.ts";

const root = join(import.meta.dir, "..", "..");
const minute = 60_000;
const textOf = (path: string): Promise<string> => Bun.file(join(root, path)).text();

/** Plays a page and expects that every output is as shown. */
const playAndCompare = async (page: Page, standIns: StandIns): Promise<void> => {
  const markdown = await textOf(page.path);
  const shown = typedBlocks(markdown).filter((typed) => typed.shown !== undefined).length;
  const exchanges = await playPage(page, markdown, { standIns });
  const different = exchanges.flatMap((exchange) => {
    const found = blockDifference(exchange.shown.language, exchange.shown.text, exchange.actual);
    return found === undefined ? [] : [`${page.path}:${exchange.shown.line}: ${found}`];
  });
  expect({ different, compared: exchanges.length }).toEqual({ different: [], compared: shown });
  expect(shown).toBeGreaterThan(0);
};

test.each(pages.map((page) => [page.path, page] as const))(
  "%s: every command answers what is shown",
  (_, page) => playAndCompare(page, "whereMissing"),
  2 * minute,
);

test(
  "a machine without curl and Node sees the same",
  async () => {
    const readme = pages.find(({ path }) => path === "README.md");
    if (readme === undefined) throw new Error("the README is not played");
    await playAndCompare(readme, "always");
  },
  2 * minute,
);

for (const { path, servers } of pages.filter((page) => page.servers.some(({ service }) => service !== undefined))) {
  test(
    `${path}: its service has no type error in an editor`,
    async () => {
      const folder = mkdtempSync(join(tmpdir(), "pons-types-"));
      try {
        const { service = "" } = servers.find((server) => server.service !== undefined) ?? {};
        writeFileSync(join(folder, service), serviceOf(await textOf(path)));
        const { compilerOptions } = (await Bun.file(join(root, "tsconfig.json")).json()) as { compilerOptions: object };
        const paths = { pons: [join(root, "src", "index.ts")] };
        writeFileSync(
          join(folder, "tsconfig.json"),
          JSON.stringify({ compilerOptions: { ...compilerOptions, noUnusedLocals: false, paths }, include: ["."] }),
        );
        symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
        const check = Bun.spawnSync([process.execPath, "check", "-p", folder, "--no-pretty", "--no-script"], { cwd: folder });
        const said = `${check.stdout.toString()}${check.stderr.toString()}`;
        expect({ code: check.exitCode, said: check.exitCode === 0 ? "" : said }).toEqual({ code: 0, said: "" });
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
    minute,
  );
}

test("the README's service is what a newcomer writes in a minute", async () => {
  const lines = serviceOf(await textOf("README.md"))
    .split("\n")
    .filter((line) => line.trim() !== "");
  expect(lines.length).toBeLessThanOrEqual(26);
});
