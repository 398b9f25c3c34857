/**
 * Contracts of services for harnesses: each service is compiled once in a test file, however many apps it is put into service by. A contract knows of no
 * store and no app.
 */
import { compile, type Contract } from "../../src/contract/index.ts";
import type { ServiceDefinition } from "../../src/define/service.ts";

const known = new WeakMap<ServiceDefinition, Contract>();

/** By the services' names, as `compileServices` has them. Throws `DefinitionError`. */
export const compiled = (services: readonly ServiceDefinition[]): ReadonlyMap<string, Contract> =>
  new Map(
    services.map((service) => {
      const contract = known.get(service) ?? compile(service);
      known.set(service, contract);
      return [service.name, contract];
    }),
  );
