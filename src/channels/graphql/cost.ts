/**
 * What an operation may cost: the rows that its calls read, if every page were full. A list costs its page, and for each of its rows what is selected of it;
 * a row that a reference leads to costs one.
 *
 *   accounts(first: 20) { nodes { transfers(first: 10) { nodes { credit { name } } } } }     20 × (1 + 10 × (1 + 1)) = 420
 */
import { type Values, valuesOf } from "./arguments.ts";
import type { ConnectionPlan, Plan, Root, Selection } from "./plan.ts";

/** Rows that a function may answer, where nothing says how many. */
const functionRows = 20;

const pageOf = (values: Values, { perPage, maxPerPage }: { readonly perPage: number; readonly maxPerPage: number }): number => {
  const { first } = values;
  // What is beyond its range is refused by the call.
  return typeof first === "number" ? Math.min(Math.max(first, 1), maxPerPage) : perPage;
};

const ofSelection = ({ parts, isPlain }: Selection, variables: Values): number => {
  if (isPlain) return 0;
  let cost = 0;
  for (const part of parts) {
    if (part.kind === "one") cost += 1 + ofSelection(part.selection, variables);
    else if (part.kind === "object") cost += (part.isList ? functionRows : 1) * ofSelection(part.selection, variables);
    else if (part.kind === "many")
      cost += pageOf(valuesOf(part.args, variables), part.meta) * (1 + ofConnection(part.connection, variables));
  }
  return cost;
};

/** For each row of a connection. */
const ofConnection = ({ parts }: ConnectionPlan, variables: Values): number => {
  let cost = 0;
  for (const part of parts) {
    if (part.kind === "nodes") cost += ofSelection(part.selection, variables);
    else if (part.kind === "edges")
      for (const inner of part.parts) if ("selection" in inner) cost += ofSelection(inner.selection, variables);
  }
  return cost;
};

const ofRoot = (root: Root, variables: Values): number => {
  // A variable that is null where nothing may be is found here, before anything runs.
  if ("args" in root) valuesOf(root.args, variables);
  switch (root.kind) {
    case "list":
      return pageOf(valuesOf(root.args, variables), root.meta) * (1 + ofConnection(root.connection, variables));
    case "get":
    case "event":
      return 1 + ofSelection(root.selection, variables);
    case "value":
    case "read":
      return (
        1 +
        (root.selection === undefined
          ? 0
          : (root.kind === "read" && root.isList ? functionRows : 1) * ofSelection(root.selection, variables))
      );
    case "command":
      return root.parts.reduce(
        (cost, part) =>
          part.kind === "answer" && part.selection !== undefined
            ? cost + (part.isList ? functionRows : 1) * ofSelection(part.selection, variables)
            : cost,
        1,
      );
    case "byId": {
      const { id } = valuesOf(root.args, variables);
      const found = root.meta.types.get(prefixOf(id));
      return 1 + (found === undefined ? 0 : ofSelection(root.choice.of(found.type), variables));
    }
    case "typename":
    case "introspection":
      return 0;
  }
};

/** `acc` of `acc_01J…`. */
export const prefixOf = (id: unknown): string => (typeof id === "string" ? id.slice(0, Math.max(0, id.indexOf("_"))) : "");

/** Throws `GraphQLError` for arguments that their variables leave without a value. */
export const costOf = ({ roots }: Plan, variables: Values): number => {
  let cost = 0;
  for (const root of roots) cost += ofRoot(root, variables);
  return cost;
};
