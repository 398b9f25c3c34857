/** The texts of help, made from the commands, the settings and the exit codes. */
import { settings } from "../host/setting.ts";
import { catalogue } from "./catalogue.ts";
import { type Command, type Option, sharedOptions } from "./command.ts";
import { exitCodes } from "./exit-code.ts";
import { table } from "./output.ts";

const indent = "  ";

const optionRow = ([name, { type, value, doc }]: [string, Option]): string[] => [
  `--${name}${type === "string" ? ` ${value ?? "<value>"}` : ""}`,
  doc,
];

const usageLine = (command: Command): string => {
  const parts = command.arguments.map(({ name, required }) => (required ? `<${name}>` : `[<${name}>]`));
  return `pons ${[command.name, ...parts].join(" ")} [options]`;
};

const section = (title: string, body: string): string => (body === "" ? "" : `\n${title}\n${body}\n`);

/** `pons help`. */
export const overview = (): string => {
  const commands = table(
    Object.entries(catalogue).map(([name, { summary }]) => [name, summary]),
    { indent },
  );
  const more = table(
    [
      ["pons help <command>", "what a command does, and its options"],
      ["pons help environment", "the environment variables"],
      ["pons help exit-codes", "what a command's exit code means"],
      ["pons --version", "the version"],
    ],
    { indent },
  );
  return `pons: write a business once as typed definitions; serve it as a managed API.\n${section("Commands", commands)}${section("More", more)}`;
};

/** `pons help <command>`. */
export const commandHelp = (command: Command): string =>
  [
    `${command.summary}\n`,
    section("Usage", `${indent}${usageLine(command)}`),
    ...(command.doc ?? []).map((paragraph) => `\n${paragraph}\n`),
    section(
      "Arguments",
      table(
        command.arguments.map(({ name, doc, values }) => [
          `<${name}>`,
          values === undefined ? doc : `${doc} (${values.join(", ")})`,
        ]),
        { indent },
      ),
    ),
    section("Options", table(Object.entries({ ...command.options, ...sharedOptions }).map(optionRow), { indent })),
    section("Examples", command.examples.map((line) => `${indent}${line}`).join("\n")),
  ].join("");

/** `pons help environment`. */
export const environmentHelp = (): string =>
  Object.entries(settings)
    .map(([name, { doc, expected, absent }]) => {
      const facts = table(
        [
          ["expected", expected],
          ["if not set", absent],
        ],
        { indent },
      );
      return `${name}: ${doc}\n${facts}\n`;
    })
    .join("\n");

/** `pons help exit-codes`. */
export const exitCodeHelp = (): string => {
  const rows = Object.values(exitCodes).map(({ code, doc }) => [String(code), doc]);
  return `${table([...rows, ["128+n", "Ended by signal n, such as 130 for Ctrl-C."]])}\n`;
};

/** The same for machines. */
export const commandFacts = ({ name, summary, doc, arguments: args, options, examples }: Command): object => ({
  name,
  summary,
  doc: doc ?? [],
  arguments: args,
  options: { ...options, ...sharedOptions },
  examples,
});
