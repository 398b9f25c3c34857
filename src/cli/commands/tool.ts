/** `pons <group> <tool>`: tools that services bring, such as `pons ledger verify`. They read the database itself, beside running servers. */
import type { Contract } from "../../contract/index.ts";
import type { Tool, ToolContext } from "../../define/service.ts";
import { fitSchema } from "../../host/schema.ts";
import { registerResources, scanRows } from "../../sources/index.ts";
import type { OpenStore } from "../../store/index.ts";
import { type Command, type Invocation, OptionValues, servicesOption } from "../command.ts";
import { CommandError, exitCodes } from "../exit-code.ts";
import { didYouMean } from "../nearest.ts";
import { type Definitions, loadDefinitions, withDatabase } from "../surroundings.ts";

type Tools = Readonly<Record<string, Tool>>;

interface Realm {
  readonly realm: number;
  readonly tenant: string;
  readonly environment: string;
}

const realmsOf = async (store: OpenStore, { options }: Invocation): Promise<readonly Realm[]> => {
  const rows = await store.admin.query("SELECT realm, tenant, environment FROM pons_realms ORDER BY realm");
  const all = rows.map(({ realm, tenant, environment }) => ({
    realm: Number(realm),
    tenant: String(tenant),
    environment: String(environment),
  }));
  const [tenant, environment] = [options.text("tenant"), options.text("environment")];
  return all.filter((one) => (tenant ?? one.tenant) === one.tenant && (environment ?? one.environment) === one.environment);
};

const contextOf = (store: OpenStore, { realm, tenant, environment }: Realm): ToolContext => ({
  tenant,
  environment,
  scan: (resource, options) => scanRows(store, { realm, resource, ...options }) as never,
});

/** Runs a tool on every environment that is meant. */
const runTool = (tool: Tool, definitions: Definitions, invocation: Invocation): Promise<number> =>
  withDatabase(invocation, async (store, config) => {
    await fitSchema(store, definitions.tables, config);
    const realms = await realmsOf(store, invocation);
    if (realms.length === 0) throw new CommandError("usage", "the database has no such tenant and environment");
    const reports: { readonly tenant: string; readonly environment: string; readonly ok: boolean }[] = [];
    const lines: string[] = [];
    for (const realm of realms) {
      const { ok, facts, lines: told } = await tool.run(contextOf(store, realm));
      reports.push({ tenant: realm.tenant, environment: realm.environment, ok, ...facts });
      lines.push(...told.map((line) => `${realm.tenant}/${realm.environment}  ${line}`));
    }
    invocation.output.result({ ok: reports.every(({ ok }) => ok), reports }, lines.join("\n"));
    return reports.every(({ ok }) => ok) ? exitCodes.ok.code : exitCodes.failed.code;
  });

/** The tools of a group, of all services that have it. */
const groupOf = (contracts: Iterable<Contract>, group: string): Tools =>
  Object.assign({}, ...[...contracts].map(({ definition }) => definition.tools?.[group] ?? {})) as Tools;

/** A command of all tools of a group; `undefined` where no service has any. */
export const toolsNamed = async (group: string, args: readonly string[]): Promise<Command | undefined> => {
  const named = args.flatMap((arg, at) => (arg === "--services" ? [args[at + 1] ?? ""] : []));
  const services = new OptionValues(new Map(named.length > 0 ? [["services", named]] : []));
  const definitions = await loadDefinitions({ options: services });
  for (const contract of definitions.contracts.values()) registerResources(contract.resources.values());
  const tools = groupOf(definitions.contracts.values(), group);
  const names = Object.keys(tools);
  if (names.length === 0) return undefined;
  return {
    name: group,
    summary: `Tools of the services: ${names.join(", ")}.`,
    doc: names.map((name) => `pons ${group} ${name}: ${tools[name]?.doc ?? ""}`),
    arguments: [{ name: "tool", doc: "What to do.", required: true, values: names }],
    options: {
      tenant: { type: "string", value: "<name>", doc: "Only this tenant." },
      environment: { type: "string", value: "<name>", doc: "Only this environment." },
      ...servicesOption,
    },
    examples: names.flatMap((name) => [
      `pons ${group} ${name}`,
      `pons ${group} ${name} --tenant demo --environment sandbox --json`,
    ]),
    async run(invocation) {
      const [name = ""] = invocation.positionals;
      const tool = Object.hasOwn(tools, name) ? tools[name] : undefined;
      if (tool !== undefined) return runTool(tool, definitions, invocation);
      throw new CommandError("usage", `${group} has no ${name}: it has ${names.join(", ")}`, {
        advice: didYouMean(name, names) ?? `See: pons ${group} --help`,
      });
    },
  };
};
