/**
 * What a caller may do with the channel itself, as operations, so that roles, scopes, limits and policies hold for them as for any other: to ask for the schema
 * (`bank.introspection`), and to send documents that nobody has registered (`bank.documents`).
 */
import type { Contract, Operation } from "../../contract/contract.ts";

const gate = (contract: Contract, name: string, doc: string, roles: readonly string[]): Operation => ({
  name,
  service: contract.service,
  action: "function",
  target: "free",
  kind: "query",
  doc,
  roles: new Set(roles),
  input: {},
  required: new Set(),
  output: { kind: "none" },
  refusals: {},
  function: { kind: "query", doc, on: "free", roles, output: "none", run: () => undefined },
  cost: 1,
  stepUp: false,
  rowsOf: contract.definition.rowsOf ?? "environment",
  actFor: contract.definition.actFor ?? {},
});

/** Introspection: of the roles that the definition names; else of everybody with credentials, and in development of all. */
export const introspectionOf = (contract: Contract, mode: "development" | "production"): Operation => {
  const all = Object.keys(contract.roles);
  const named =
    contract.definition.graphql?.introspection ??
    (mode === "development" ? [...all, "anyone"] : all.filter((role) => role !== "anyone"));
  return gate(contract, "introspection", "Reads the schema itself.", named);
};

/** Documents of one's own: of the roles that are not bound to the registered ones, never of callers without any; undefined where no role is bound. */
export const ownDocumentsOf = (contract: Contract): Operation | undefined => {
  const bound = contract.definition.graphql?.persistedOnly;
  if (bound === undefined || bound.length === 0) return undefined;
  const free = Object.keys(contract.roles).filter((role) => role !== "anyone" && !bound.includes(role));
  return gate(contract, "documents", "Sends documents that are not registered.", free);
};
