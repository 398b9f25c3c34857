/** What commands need of a server without being one: configuration, services and their contracts, the database. */
import { tablesOf } from "../host/app.ts";
import { compileOrExplain, openDatabase } from "../host/boot.ts";
import { type Config, requireConfig } from "../host/config.ts";
import { makeDataFolder } from "../host/data-folder.ts";
import { type LoadedService, loadServices } from "../host/load-services.ts";
import type { Contract } from "../contract/index.ts";
import type { OpenStore, Table } from "../store/index.ts";
import type { Invocation } from "./command.ts";
import { CommandError } from "./exit-code.ts";
import { didYouMean } from "./nearest.ts";

export interface Definitions {
  readonly services: readonly LoadedService[];
  readonly contracts: ReadonlyMap<string, Contract>;
  readonly tables: readonly Table[];
}

/** The services that are meant: those of `--services`, else `others`, else the shipped ones. Throws `StartError` "definition". */
export const loadDefinitions = async (
  { options }: Pick<Invocation, "options">,
  others: readonly string[] = [],
): Promise<Definitions> => {
  const named = options.texts("services");
  const services = await loadServices(named.length > 0 ? named : others);
  const contracts = compileOrExplain(services);
  return { services, contracts, tables: tablesOf(contracts.values()) };
};

/** The contract of a service by name. Throws `CommandError` "usage". */
export const contractOf = ({ contracts }: Pick<Definitions, "contracts">, name: string): Contract => {
  const contract = contracts.get(name);
  if (contract !== undefined) return contract;
  const known = [...contracts.keys()];
  throw new CommandError("usage", `there is no service ${name}: there are ${known.join(", ")}`, {
    advice: didYouMean(name, known) ?? "Other services are named with --services <path>",
  });
};

/** Runs `work` on the configured database, made where there is none, and closes it. Throws `StartError`. */
export const withDatabase = async <T>(
  { environment }: Pick<Invocation, "environment">,
  work: (store: OpenStore, config: Config) => Promise<T>,
): Promise<T> => {
  const { config } = requireConfig(environment);
  makeDataFolder(config);
  const store = await openDatabase(config);
  try {
    return await work(store, config);
  } finally {
    await store.close();
  }
};
