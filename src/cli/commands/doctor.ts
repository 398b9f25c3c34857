/** `pons doctor`: looks at everything a server needs. */
import { type Command, servicesOption } from "../command.ts";
import { diagnose, type Verdict } from "../diagnosis.ts";
import { exitCodes } from "../exit-code.ts";
import { table } from "../output.ts";

const marks: Readonly<Record<Verdict, string>> = { good: "✓", doubtful: "!", bad: "✗" };

export const doctor: Command = {
  name: "doctor",
  summary: "Find out why something does not work.",
  doc: [
    "Looks at Bun, the configuration, the data folder, the disk, the services, the database and its schema, the clock and the port. Changes nothing. Exit code 1 when something is bad.",
  ],
  arguments: [],
  options: servicesOption,
  examples: ["pons doctor", "pons doctor --json"],
  async run({ options, environment, output }) {
    const findings = await diagnose(environment, options.texts("services"));
    const rows = findings.flatMap(({ check, verdict, found, advice }) => [
      [marks[verdict], check, found.replaceAll("\n", "; ")],
      ...(advice === undefined ? [] : [["", "", `→ ${advice}`]]),
    ]);
    const isWell = findings.every(({ verdict }) => verdict !== "bad");
    output.result({ ok: isWell, findings }, table(rows));
    return isWell ? exitCodes.ok.code : exitCodes.failed.code;
  },
};
