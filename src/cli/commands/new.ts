/** `pons new`: a small service that runs, in a folder of its own. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { basename, join, relative, resolve } from "node:path";
import type { Command } from "../command.ts";
import { CommandError, exitCodes } from "../exit-code.ts";
import { filesOf } from "../new-service.ts";

const publicEntry = join(import.meta.dir, "..", "..", "index.ts");
const modules = join(import.meta.dir, "..", "..", "..", "node_modules");
const nameForm = /^[a-z][a-z0-9]{0,31}$/;

/** `My-Notes` → `mynotes`. */
const plain = (name: string): string => name.replace(/[-_ .]+/g, "").toLowerCase();

const relativeFrom = (folder: string, file: string): string => {
  const path = relative(folder, file).replaceAll("\\", "/");
  return path.startsWith(".") ? path : `./${path}`;
};

const onCommandLine = (folder: string): string => {
  const path = relative(process.cwd(), folder);
  return path.startsWith("..") ? folder : `./${path}`;
};

export const create: Command = {
  name: "new",
  summary: "Write a small service that runs.",
  doc: [
    "Writes a folder with a definition, a README and what an editor needs to check types. Start it with: pons dev --services ./<name>",
  ],
  arguments: [
    { name: "name", doc: "Name of the service, or the path of its folder, such as notes or ./services/notes.", required: true },
  ],
  options: {},
  examples: ["pons new notes && pons dev --services ./notes"],
  async run({ positionals: [given = ""], output }) {
    const folder = resolve(given);
    const name = plain(basename(folder));
    if (!nameForm.test(name)) {
      throw new CommandError(
        "usage",
        `"${basename(folder)}" cannot be a service's name: expected at most 32 letters and digits, a letter first`,
      );
    }
    if (existsSync(folder) && readdirSync(folder).length > 0)
      throw new CommandError("exists", `${given} is there already and is not empty`);
    const shown = onCommandLine(folder);
    const files = filesOf({
      name,
      folder: shown,
      entry: relativeFrom(folder, publicEntry),
      modules: relativeFrom(folder, modules),
    });
    mkdirSync(folder, { recursive: true });
    for (const [file, content] of Object.entries(files)) writeFileSync(join(folder, file), content, { flag: "wx" });
    const text = `${shown} was written: ${Object.keys(files).join(", ")}\nStart it with: pons dev --services ${shown}`;
    output.result({ service: name, folder, files: Object.keys(files) }, text);
    return exitCodes.ok.code;
  },
};
