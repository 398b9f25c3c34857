import { expect, test } from "bun:test";
import { parseArguments } from "./arguments.ts";
import type { Command } from "./command.ts";
import { CommandError } from "./exit-code.ts";

const command: Command = {
  name: "demo",
  summary: "",
  arguments: [
    { name: "what", doc: "What it is.", required: true, values: ["lock", "diff"] },
    { name: "where", doc: "Where it is.", required: false },
  ],
  options: {
    id: { type: "string", doc: "" },
    perPage: { type: "string", value: "<number>", doc: "" },
    filter: { type: "string", doc: "", multiple: true },
    apply: { type: "boolean", doc: "" },
  },
  examples: [],
  run: async () => 0,
};

const failure = (args: readonly string[]): string => {
  try {
    parseArguments(command, args);
  } catch (error) {
    if (error instanceof CommandError && error.exit === "usage") return `${error.message}. ${error.advice ?? ""}`;
    throw error;
  }
  return "";
};

test("values, lists, switches, positionals in any order", () => {
  const { positionals, options } = parseArguments(command, [
    "--id",
    "acc_1",
    "lock",
    "--filter=a=1",
    "--filter",
    "b>=2",
    "--apply",
    "here",
  ]);
  expect(positionals).toEqual(["lock", "here"]);
  expect(options.text("id")).toBe("acc_1");
  expect(options.texts("filter")).toEqual(["a=1", "b>=2"]);
  expect(options.has("apply")).toBe(true);
  expect(options.has("json")).toBe(false);
});

test("after -- nothing is an option; a value may begin with a dash", () => {
  expect(parseArguments(command, ["lock", "--", "--apply"]).positionals).toEqual(["lock", "--apply"]);
  expect(parseArguments(command, ["lock", "--id=-1"]).options.text("id")).toBe("-1");
});

test("with --help nothing else is asked for", () => {
  expect(parseArguments(command, ["--help"]).options.has("help")).toBe(true);
});

test.each([
  [[], "demo: <what> is missing: What it is.. See: pons help demo"],
  [["lokc"], 'demo: <what> is "lokc": expected lock, diff. Did you mean "lock"?'],
  [["lock", "a", "b"], 'demo: "b" is one argument too many. See: pons help demo'],
  [["lock", "--perpage", "1"], 'demo: there is no option --perpage. Did you mean "--perPage"?'],
  [["lock", "--perPag", "1"], 'demo: there is no option --perPag. Did you mean "--perPage"?'],
  [["lock", "--constructor"], "demo: there is no option --constructor. See: pons help demo"],
  [["lock", "-x"], "demo: there is no option -x. See: pons help demo"],
  [["lock", "--perPage"], "demo: --perPage expects <number>. See: pons help demo"],
  [["lock", "--apply=yes"], "demo: --apply takes no value. See: pons help demo"],
  [["lock", "--id", "1", "--id", "2"], "demo: --id is given twice. See: pons help demo"],
] as [string[], string][])("%p is refused", (args, told) => {
  expect(failure(args)).toBe(told);
});
