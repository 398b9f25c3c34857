/** `pons seed`: demo data for an environment of the demo tenant that has none. */
import { boot } from "../../host/boot.ts";
import { requireConfig } from "../../host/config.ts";
import { demoRoles, demoTenant } from "../../host/demo.ts";
import { seedEnvironment } from "../../host/seed.ts";
import { createLogger } from "../../observe/logger.ts";
import { type Command, servicesOption } from "../command.ts";
import { CommandError, exitCodes } from "../exit-code.ts";
import { createProgress } from "../progress.ts";

const environments = ["sandbox", "live"];

export const seed: Command = {
  name: "seed",
  summary: "Fill an environment of the demo tenant with demo data.",
  doc: [
    "The first start in development does it for the sandbox. A service is seeded once, and only where it has no rows yet; the data are the same every time.",
  ],
  arguments: [{ name: "environment", doc: "Which one; sandbox when left out.", required: false, values: environments }],
  options: servicesOption,
  examples: ["pons seed", "pons seed live"],
  async run({ positionals: [environment = "sandbox"], options, environment: variables, output }) {
    const { config } = requireConfig(variables);
    if (config.mode === "production")
      throw new CommandError("configuration", "production is not seeded: PONS_MODE is production");
    const logger = createLogger({ level: config.log });
    const progress = createProgress(output);
    const onProgress = ({ service, done, total }: { service: string; done: number; total: number }): void =>
      progress.show(`Demo data of ${service}`, done, total);
    const seeded: string[] = [];
    const booted = await boot(config, {
      services: options.texts("services"),
      logger,
      onProgress: (at) => {
        if (!seeded.includes(at.service) && environment === "sandbox") seeded.push(at.service);
        onProgress(at);
      },
    });
    try {
      const { app } = booted;
      // What belongs to the tenant as a whole was seeded at the start.
      const services = booted.services.filter(({ definition }) => definition.rowsOf !== "tenant");
      const roles = demoRoles(services).staff;
      seeded.push(...(await seedEnvironment({ app, services, tenant: demoTenant, environment, roles, onProgress })));
    } finally {
      progress.end();
      await booted.close();
    }
    const text =
      seeded.length === 0
        ? `The ${environment} has rows or was seeded before: nothing was done.`
        : `Seeded in the ${environment}: ${seeded.join(", ")}.`;
    output.result({ environment, seeded }, text);
    return exitCodes.ok.code;
  },
};
