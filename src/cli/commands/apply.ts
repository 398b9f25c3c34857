/** `pons apply`: makes the control plane of a tenant as a file describes it. */
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { carryOut } from "../apply/carry-out.ts";
import { differenceOf, type Step } from "../apply/difference.ts";
import { type Path, type ReadDocument, readDocument } from "../apply/document.ts";
import { readPresent } from "../apply/names.ts";
import { openPlane, planeOptions } from "../apply/opened.ts";
import { resolveReferences } from "../apply/references.ts";
import { checkServed } from "../apply/served.ts";
import { factsOf, linesOf } from "../apply/shown.ts";
import { wantedOf } from "../apply/wanted.ts";
import { type Command, type Invocation, servicesOption } from "../command.ts";
import { CommandError, exitCodes } from "../exit-code.ts";

interface Source {
  readonly name: string;
  readonly folder: string;
  readonly document: ReadDocument;
}

const sourceOf = async (file: string): Promise<Source> => {
  if (file === "-")
    return { name: "standard input", folder: process.cwd(), document: readDocument(await Bun.stdin.text(), "standard input") };
  if (!existsSync(file)) throw new CommandError("usage", `there is no file ${file}`);
  const name = basename(file);
  return { name, folder: dirname(resolve(file)), document: readDocument(readFileSync(file, "utf8"), name) };
};

/** Asks whoever sits at the terminal; without one, `--yes` has to be given. */
const mayGoOn = ({ options, output }: Invocation, steps: readonly Step[]): boolean => {
  if (options.has("yes")) return true;
  if (!process.stdin.isTTY)
    throw new CommandError("usage", "nobody can be asked here: give --yes, or --dry-run to see the difference");
  output.note("");
  return /^y(es)?$/i.test(prompt(`Make ${steps.length === 1 ? "this change" : `these ${steps.length} changes`}? [y/N]`) ?? "");
};

export const apply: Command = {
  name: "apply",
  summary: "Make products, plans, policies and so on as a file describes them.",
  doc: [
    "The file is YAML: lists of products, plans, communities, apps, issuers, grants and policies, each item with its name and what is not the usual of it. What the file does not say of a row stays as it is; rows that it does not name stay, unless --prune is given. What is there already is not made again: applying a file twice changes nothing the second time.",
    "The difference is shown first. Without --url it works on the database itself, beside servers that run, and these act by it within a second.",
    "A value may stand elsewhere: $env:NAME is that of an environment variable, $file:path the content of a file beside this one. Such values are not shown.",
  ],
  arguments: [{ name: "file", doc: "Path of the file, or - for standard input.", required: true }],
  options: {
    yes: { type: "boolean", doc: "Do not ask." },
    "dry-run": { type: "boolean", doc: "Only show the difference." },
    prune: { type: "boolean", doc: "Remove what the file does not name, of the kinds it speaks of." },
    ...planeOptions,
    ...servicesOption,
  },
  examples: [
    "pons apply platform.yaml --dry-run",
    "pons apply platform.yaml --tenant acme --yes",
    "pons apply platform.yaml --prune --yes --url https://api.example.com --key pons_live_…",
  ],
  async run(invocation) {
    const { positionals, options, output, environment } = invocation;
    const [file = ""] = positionals;
    if (options.has("dry-run") && options.has("yes")) throw new CommandError("usage", "--dry-run and --yes exclude each other");
    const { name, folder, document } = await sourceOf(file);
    const where = (path: Path): string => `${name}:${document.lineOf(path)}`;
    const { value, hidden } = resolveReferences(document.value, { environment, folder, where });
    const opened = await openPlane(invocation, "cli");
    await using plane = opened.plane;
    const { contract, served } = opened;
    const wanted = wantedOf(contract, value, { where });
    if (served !== undefined) {
      const services = served.services.map(({ definition }) => definition);
      checkServed(wanted.items, { services, contracts: served.contracts }, { where });
    }
    const present = await readPresent(plane, wanted.kinds);
    const steps = differenceOf(wanted, present, { contract, where, prune: options.has("prune") });
    const facts = factsOf(steps, hidden);
    if (steps.length === 0) {
      output.result({ applied: true, steps: facts }, "Nothing differs.");
      return exitCodes.ok.code;
    }
    const lines = linesOf(steps, hidden).join("\n");
    if (options.has("dry-run")) {
      output.result({ applied: false, steps: facts }, lines);
      return exitCodes.ok.code;
    }
    if (!output.json) output.result(undefined, lines);
    if (!mayGoOn(invocation, steps)) {
      output.result({ applied: false, steps: facts }, "Nothing was changed.");
      return exitCodes.failed.code;
    }
    let done = 0;
    try {
      await carryOut(steps, { plane, contract, names: present.names, where }, () => done++);
    } catch (error) {
      if (done > 0) output.note(`${done} of ${steps.length} were done before; apply the file again once it fits.`);
      throw error;
    }
    output.result({ applied: true, steps: facts }, `Done: ${steps.length} of ${steps.length}.`);
    return exitCodes.ok.code;
  },
};
