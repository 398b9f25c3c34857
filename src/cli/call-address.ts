/**
 * From an operation's name to its address over REST, as the contract has it.
 *
 *   accounts.list                         GET    /accounts
 *   transfers.list   under accounts/acc_1 GET    /accounts/acc_1/transfers
 *   accounts.update  with an id           PATCH  /accounts/acc_1
 *   accounts.freeze  with an id           POST   /accounts/acc_1/freeze
 */
import type { Contract } from "../contract/index.ts";
import { type Address, addressesOf } from "../contract/openapi/index.ts";
import { versionView } from "../contract/versions.ts";
import { CommandError } from "./exit-code.ts";
import { didYouMean } from "./nearest.ts";

export interface Target {
  readonly contract: Contract;
  /** Absent: the newest. */
  readonly version?: string;
  /** Without the service: `accounts.list`. */
  readonly operation: string;
  readonly id?: string;
  /** `accounts/acc_1`: rows of this one only. */
  readonly under?: string;
  /** The body is a list, or names ids: many rows at once. */
  readonly many: boolean;
}

export interface Located {
  readonly method: string;
  /** From `/` on. */
  readonly path: string;
}

const usage = (message: string, advice?: string): CommandError =>
  new CommandError("usage", message, advice === undefined ? {} : { advice });

/** What an operation is called for over REST; related collections and single properties have addresses of their own. */
const fits = ({ use }: Address, many: boolean): boolean => {
  if (use === "changeMany" || use === "deleteMany") return many;
  if (use === "change" || use === "delete") return !many;
  return use === "list" || use === "get" || use === "value" || use === "create" || use === "function";
};

/** The address of a call. Throws `CommandError` "usage" with what is missing. */
export const locateOperation = (target: Target): Located => {
  const { contract, operation, id, many } = target;
  const version = target.version ?? contract.version;
  const known = [contract.version, ...contract.older.map(({ name }) => name)];
  if (!known.includes(version)) throw usage(`${contract.service} has no version ${version}: there are ${known.join(", ")}`);
  const view = versionView(contract, version);
  const addresses = addressesOf(view.contract).filter((address) => address.operation?.name === operation);
  if (addresses.length === 0) {
    const names = [...view.contract.operations.keys()];
    const advice = didYouMean(operation, names) ?? `There are: ${names.join(", ")}`;
    throw usage(`${contract.service} has no operation ${operation}`, advice);
  }
  const [resource, parentId, ...rest] = (target.under ?? "").split("/");
  if (target.under !== undefined && (parentId === undefined || parentId === "" || rest.length > 0))
    throw usage(`--under is "${target.under}": expected a row, such as accounts/acc_1`);
  const found = addresses.find((address) =>
    target.under === undefined
      ? address.parent === undefined && fits(address, many)
      : address.parent?.name === resource && address.method !== "QUERY" && address.use !== "unrelate",
  );
  if (found === undefined)
    throw usage(`${operation} cannot be called ${target.under === undefined ? "like this" : `under ${target.under}`}`);
  const needed = target.under === undefined ? id : parentId;
  const hasPlace = found.path.includes("{id}");
  if (hasPlace && needed === undefined) throw usage(`${operation} is about one row: which one says --id`);
  if (!hasPlace && id !== undefined) throw usage(`${operation} is not about one row: --id has no meaning`);
  const path = hasPlace ? found.path.replace("{id}", encodeURIComponent(needed ?? "")) : found.path;
  return { method: found.method, path: `/${contract.service}/${version}${path}` };
};
