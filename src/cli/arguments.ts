/** Command line → positionals and options of a command. Everything unknown is refused, with what was probably meant. */
import { parseArgs } from "node:util";
import { type Command, OptionValues, sharedOptions } from "./command.ts";
import { CommandError } from "./exit-code.ts";
import { didYouMean } from "./nearest.ts";

const usage = (command: Command, message: string, advice?: string): CommandError =>
  new CommandError("usage", `${command.name}: ${message}`, { advice: advice ?? `See: pons help ${command.name}` });

export interface Parsed {
  readonly positionals: readonly string[];
  readonly options: OptionValues;
}

const checkPositionals = (command: Command, positionals: readonly string[]): void => {
  const missing = command.arguments[positionals.length];
  if (missing?.required === true) throw usage(command, `<${missing.name}> is missing: ${missing.doc}`);
  const extra = positionals[command.arguments.length];
  if (extra !== undefined) throw usage(command, `"${extra}" is one argument too many`);
  for (const [position, given] of positionals.entries()) {
    const argument = command.arguments[position];
    const values = argument?.values;
    if (values === undefined || values.includes(given)) continue;
    throw usage(command, `<${argument?.name ?? ""}> is "${given}": expected ${values.join(", ")}`, didYouMean(given, values));
  }
};

/** Parses the arguments after the command's name. Throws `CommandError` "usage". */
export const parseArguments = (command: Command, args: readonly string[]): Parsed => {
  const known = { ...sharedOptions, ...command.options };
  const options = Object.fromEntries(Object.entries(known).map(([name, { type }]) => [name, { type, multiple: true }] as const));
  const { tokens } = parseArgs({ args: [...args], options, strict: false, allowPositionals: true, tokens: true });
  const values = new Map<string, (string | true)[]>();
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") positionals.push(token.value);
    if (token.kind !== "option") continue;
    const { name, rawName, value } = token;
    const option = Object.hasOwn(known, name) ? known[name] : undefined;
    if (option === undefined) {
      const near = didYouMean(name, Object.keys(known))?.replace('"', '"--');
      throw usage(command, `there is no option ${rawName}`, near);
    }
    if (option.type === "boolean" && value !== undefined) throw usage(command, `${rawName} takes no value`);
    if (option.type === "string" && value === undefined) throw usage(command, `${rawName} expects ${option.value ?? "a value"}`);
    const list = values.get(name) ?? [];
    if (list.length > 0 && option.multiple !== true) throw usage(command, `${rawName} is given twice`);
    list.push(value ?? true);
    values.set(name, list);
  }
  const parsed = { positionals, options: new OptionValues(values) };
  if (!parsed.options.has("help")) checkPositionals(command, positionals);
  return parsed;
};
