/** `pons help [topic]`. */
import { catalogue, commandNames } from "../catalogue.ts";
import type { Command } from "../command.ts";
import { CommandError, exitCodes } from "../exit-code.ts";
import { commandFacts, commandHelp, environmentHelp, exitCodeHelp, overview } from "../help-text.ts";
import { didYouMean } from "../nearest.ts";
import { settings } from "../../host/setting.ts";

const topics = ["environment", "exit-codes"];

const settingFacts = (): object =>
  Object.fromEntries(
    Object.entries(settings).map(([name, { doc, expected, absent }]) => [name, { doc, expected, absent }] as const),
  );

export const help: Command = {
  name: "help",
  summary: "Say what a command does.",
  arguments: [{ name: "topic", doc: `A command, or ${topics.join(" or ")}.`, required: false }],
  options: {},
  examples: ["pons help call", "pons help environment", "pons help exit-codes"],
  async run({ positionals: [topic], output }) {
    if (topic === undefined) {
      const summaries = Object.entries(catalogue).map(([name, { summary }]) => ({ name, summary }));
      output.result({ commands: summaries }, overview());
    } else if (topic === "environment") output.result(settingFacts(), environmentHelp());
    else if (topic === "exit-codes") output.result(exitCodes, exitCodeHelp());
    else {
      const entry = Object.hasOwn(catalogue, topic) ? catalogue[topic] : undefined;
      if (entry === undefined) {
        const near = didYouMean(topic, [...commandNames, ...topics]);
        throw new CommandError("usage", `there is no command ${topic}`, { advice: near ?? "See: pons help" });
      }
      const command = await entry.load();
      output.result(commandFacts(command), commandHelp(command));
    }
    return exitCodes.ok.code;
  },
};
