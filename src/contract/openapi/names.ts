/** Names in the documents: of schemas, operations and tags. */
import type { ResourceContract } from "../contract.ts";
import type { Address } from "./addresses.ts";

/** `transferFee` → `TransferFee`. */
export const pascal = (name: string): string => `${name[0]?.toUpperCase() ?? ""}${name.slice(1)}`;

/** Name of a resource's row schema: `Account`. Those of the platform have two words, so that they do not meet. */
export const rowName = (resource: ResourceContract): string => pascal(resource.singular);

/** `accounts.freeze` → `AccountsFreeze`. */
export const memberName = (operation: string): string => operation.split(".").map(pascal).join("");

const useWord: Partial<Record<Address["use"], string>> = {
  query: "query",
  changeMany: "Many",
  deleteMany: "Many",
};

/** Unique in a document, and safe as a name in generated code: `accounts_list`, `accounts_updateMany`, `accounts_name_patch`, `accounts_transfers_create`. */
export const operationId = (address: Address): string => {
  const { operation, use, method, property, relation, parent } = address;
  if (operation === undefined) return use === "batch" ? "batch" : use === "sealed" ? "call" : "jobs_get";
  if (property !== undefined) return `${operation.resource?.name}_${property}_${method.toLowerCase()}`;
  if (relation !== undefined && parent !== undefined) return `${parent.name}_${relation}_${use}`;
  const parts = operation.name.split(".");
  if (use === "query") return [...parts.slice(0, -1), "query"].join("_");
  return parts.join("_") + (useWord[use] ?? "");
};

/** Title of the page's group an address stands in. */
export const tagOf = (address: Address): string => {
  if (address.use === "batch" || address.use === "job") return "batches";
  if (address.use === "sealed") return "sealed calls";
  if (address.property !== undefined) return `${address.group} properties`;
  return address.group ?? "functions";
};
