/** Locks of contracts where services are served: where they lie, and the numbers of fields that binary formats take from them. */
import { readFileSync } from "node:fs";
import { basename, dirname, extname, join } from "node:path";
import type { Contract } from "../contract/contract.ts";
import { parseLock } from "../contract/lock/index.ts";
import { numberFields, type Numbers } from "../contract/lock/numbers.ts";
import type { LoadedService } from "./load-services.ts";

/** Beside the definition: `services/bank/contract.lock`; beside a module `notes.ts`: `notes.contract.lock`. */
export const lockPath = ({ path }: Pick<LoadedService, "path">): string => {
  const name = basename(path, extname(path));
  return join(dirname(path), name === "index" || name === "service" ? "contract.lock" : `${name}.contract.lock`);
};

const lockedNumbers = (path: string): Numbers => {
  try {
    return parseLock(readFileSync(path, "utf8")).numbers;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return {};
    throw error;
  }
};

/** Numbers of the fields of a contract: those of its lock, and for what is newer the next ones in the order of the definition. Read once. */
export const numbersOf = (services: readonly LoadedService[]): ((contract: Contract) => Numbers) => {
  const known = new WeakMap<Contract, Numbers>();
  return (contract) => {
    let numbers = known.get(contract);
    if (numbers === undefined) {
      const service = services.find(({ definition }) => definition === contract.definition);
      numbers = numberFields(contract, service === undefined ? {} : lockedNumbers(lockPath(service)));
      known.set(contract, numbers);
    }
    return numbers;
  };
};
