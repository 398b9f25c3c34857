import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { environmentOf, root } from "../host/server.ts";
import { TemporaryFolder } from "../host/temporary-folder.ts";
import { bundle } from "./bundle.ts";

const run = async (main: string, ...args: string[]): Promise<{ readonly code: number; readonly text: string }> => {
  const command = [process.execPath, main, ...args];
  const child = Bun.spawn(command, { cwd: root, env: environmentOf({}), stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [out, err, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { code, text: out + err };
};

describe("a bundle of the command line", () => {
  const folder = new TemporaryFolder();
  const sources = join(root, "src", "cli", "main.ts");
  let main: string;
  beforeAll(async () => {
    main = await bundle({ root, folder: folder.path });
  });
  afterAll(() => folder[Symbol.dispose]());

  const commands = [
    "--version",
    "help environment",
    "contract openapi bank",
    "contract diff",
    "contract lock nobody",
    "--nonsense",
  ];
  test.each(commands)("says what the sources say: %s", async (command) => {
    const words = command.split(" ");
    const said = await run(sources, ...words);
    expect(said.text).not.toBe("");
    expect(await run(main, ...words)).toEqual(said);
  });

  test("a service of one's own imports the package that is in the bundle", async () => {
    const service = folder.at("notes.ts");
    writeFileSync(
      service,
      `import { service, resource, t } from "pons";
       const notes = resource("notes", { doc: "Notes.", fields: { id: t.id("note"), text: t.string() } }, ({ all }) => ({ rows: { clerk: all } }));
       export default service("notebook", { doc: "Notes.", version: "v1", roles: { clerk: "Writes." }, resources: [notes] });`,
    );
    const words = ["contract", "openapi", "notebook", "--services", service];
    const said = await run(sources, ...words);
    expect(said.code).toBe(0);
    expect(await run(main, ...words)).toEqual(said);
  });
});
