/**
 * A line of the command line: finds the command, checks its arguments, runs it, and turns what went wrong into words and an exit code.
 *
 *   await runLine(["keys", "list"], { environment: process.env, out, err })   // 0
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArguments } from "./arguments.ts";
import { catalogue, commandNames } from "./catalogue.ts";
import type { Command } from "./command.ts";
import { CommandError, type ExitName, exitCodes } from "./exit-code.ts";
import { didYouMean } from "./nearest.ts";
import { Output, type OutputOptions } from "./output.ts";

const packageFile = join(import.meta.dir, "..", "..", "package.json");
const versionOf = (): string => (JSON.parse(readFileSync(packageFile, "utf8")) as { version: string }).version;

const findCommand = async (name: string, args: readonly string[]): Promise<Command> => {
  const entry = Object.hasOwn(catalogue, name) ? catalogue[name] : undefined;
  if (entry !== undefined) return entry.load();
  const tools = name.startsWith("-") ? undefined : await (await import("./commands/tool.ts")).toolsNamed(name, args);
  if (tools !== undefined) return tools;
  const what = name.startsWith("-") ? "option" : "command";
  const advice = didYouMean(name, commandNames) ?? "See: pons help";
  throw new CommandError("usage", `there is no ${what} ${name}`, { advice });
};

/** How a mistake of the surroundings ends a command. Its class is known by name: the host is loaded only by commands that need it. */
const exitOf = (error: unknown): Exclude<ExitName, "ok"> => {
  if (error instanceof CommandError) return error.exit;
  if (error instanceof Error && error.name === "StartError") return (error as Error & { code: Exclude<ExitName, "ok"> }).code;
  return "internal";
};

const tell = (output: Output, error: unknown): number => {
  const exit = exitOf(error);
  const { code } = exitCodes[exit];
  const message = error instanceof Error ? error.message : String(error);
  const advice = error instanceof CommandError ? error.advice : undefined;
  if (output.json) output.result({ error: { type: exit, code, message, ...(advice === undefined ? {} : { advice }) } }, "");
  if (exit === "internal") output.note(error instanceof Error ? (error.stack ?? message) : message);
  else if (!output.json) output.note(`pons: ${message}${advice === undefined ? "" : `\n${advice}`}`);
  return code;
};

export interface Surroundings extends Pick<OutputOptions, "out" | "err"> {
  readonly environment: Readonly<Record<string, string | undefined>>;
}

const runCommand = async (
  args: readonly string[],
  { environment, output }: Pick<Surroundings, "environment"> & { readonly output: Output },
): Promise<number> => {
  const [name = "help", ...rest] = args;
  if (name === "--version") {
    output.result({ version: versionOf(), bun: Bun.version }, versionOf());
    return exitCodes.ok.code;
  }
  const command = await findCommand(name === "--help" || name === "-h" ? "help" : name, rest);
  const { positionals, options } = parseArguments(
    command,
    rest.map((arg) => (arg === "-h" ? "--help" : arg)),
  );
  const invocation = { positionals, options, environment, output };
  if (!options.has("help")) return command.run(invocation);
  const help = await findCommand("help", []);
  return help.run({ ...invocation, positionals: [command.name] });
};

/** The exit code. Never throws. */
export const runLine = async (args: readonly string[], { environment, out, err }: Surroundings): Promise<number> => {
  const own = args.includes("--") ? args.slice(0, args.indexOf("--")) : args;
  const output = new Output({ json: own.includes("--json"), out, err });
  const inOrder = args[0] === "--json" ? [...args.slice(1), "--json"] : args;
  return runCommand(inOrder, { environment, output }).catch((error: unknown) => tell(output, error));
};
