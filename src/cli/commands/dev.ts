/** `pons dev`: the server, started again whenever a file it loaded changes. */
import { join } from "node:path";
import { requireConfig } from "../../host/config.ts";
import { type Command, servicesOption } from "../command.ts";

const main = join(import.meta.dir, "..", "main.ts");

export const dev: Command = {
  name: "dev",
  summary: "Start the server, again after every change of a file.",
  doc: ["A definition that does not load or compile is told; the next change starts the server again."],
  arguments: [],
  options: servicesOption,
  examples: ["pons dev", "pons dev --services ./notes"],
  async run({ options, environment, output }) {
    requireConfig(environment);
    const services = options.texts("services").flatMap((path) => ["--services", path]);
    const json = output.json ? ["--json"] : [];
    const child = Bun.spawn([process.execPath, "--watch", "--no-clear-screen", main, "start", ...services, ...json], {
      env: environment,
      stdin: "inherit",
      stdout: "inherit",
      stderr: "inherit",
    });
    for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
      process.on(signal, () => {
        // A terminal sends Ctrl-C to the whole group: the child has it already.
        if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
      });
    }
    return child.exited;
  },
};
