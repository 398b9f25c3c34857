/**
 * The tools of a service version: one for each operation that agents may use, made when they are first asked for. Their order is that of the contract.
 *
 *   accounts.list   →  accounts_list    (names with dots are refused by many clients)
 */
import type { Contract, Operation } from "../../contract/contract.ts";
import { asksToConfirm, toolsOf } from "../../contract/mcp.ts";
import { versionView } from "../../contract/versions.ts";
import type { HttpVersion } from "../http/index.ts";
import { type ArgumentNames, argumentNames, inputSchema } from "./input-schema.ts";
import { outputSchema } from "./output-schema.ts";

export interface Tool {
  readonly name: string;
  /** The newest version's: what is called. */
  readonly operation: Operation;
  /** The same in the words of the version that is served. */
  readonly shown: Operation;
  readonly asks: boolean;
  readonly names: ArgumentNames;
  /** As it is listed: JSON. */
  readonly text: string;
}

const words = (name: string): string => name.replace(/([a-z0-9])([A-Z])/g, "$1 $2").toLowerCase();

const sentence = (text: string): string => `${text[0]?.toUpperCase() ?? ""}${text.slice(1)}`;

/** `List accounts`, `Freeze account`, `Quote fee`. */
const titleOf = ({ action, name, member = name, resource, target, singleton }: Operation): string => {
  const one = words(singleton ?? resource?.singular ?? "");
  const many = words(resource?.name ?? "");
  switch (action) {
    case "list":
    case "count":
      return sentence(`${action} ${many}`);
    case "property":
    case "stats":
      return sentence(`${words(member)} of ${many}`);
    case "function":
      return sentence(`${words(member)}${target === "free" ? "" : ` ${target === "item" ? one : many}`}`);
    default:
      return sentence(`${action} ${one}`);
  }
};

/** Actions that change the same again when they are repeated. */
const idempotent: ReadonlySet<string> = new Set(["update", "replace", "delete"]);

/** What a client may tell people of the tool (2026-07-28, schema `ToolAnnotations`). Nothing reaches beyond the service. */
const annotationsOf = (operation: Operation, asks: boolean): Record<string, unknown> => {
  const { action, kind, input } = operation;
  const shared = { title: titleOf(operation), readOnlyHint: kind === "query", openWorldHint: false };
  if (kind === "query") return shared;
  const isCreate = action === "create";
  return {
    ...shared,
    destructiveHint: asks || !isCreate,
    idempotentHint: idempotent.has(action) || (isCreate && input["id"]?.client === true),
  };
};

const asking = " It has to be confirmed: without a confirmation nothing is done, and the answer says what would be.";

const toolOf = (operation: Operation, shown: Operation, contract: Contract): Tool => {
  const asks = asksToConfirm(contract, operation);
  const names = argumentNames(shown, { asks });
  const name = operation.name.replaceAll(".", "_");
  const listed = {
    name,
    title: titleOf(operation),
    description: `${shown.doc}${asks ? asking : ""}`,
    inputSchema: inputSchema(shown, names),
    outputSchema: outputSchema(shown, { asks }),
    annotations: annotationsOf(operation, asks),
  };
  return { name, operation, shown, asks, names, text: JSON.stringify(listed) };
};

/** What agents see of one version of a service. */
export interface Catalogue {
  readonly contract: Contract;
  readonly tools: readonly Tool[];
  readonly byName: ReadonlyMap<string, Tool>;
  /** Whether somebody without credentials has a tool. */
  readonly isOpen: boolean;
  /** Name of the server, as clients show it. */
  readonly server: { readonly name: string; readonly title: string; readonly version: string };
  readonly instructions: string;
}

const guidance = [
  "Amounts of money are whole minor units of their currency (cents), or texts of digits where they are large.",
  "What moves money, or has to be confirmed for another reason, is not done by the first call.",
  "Lists answer one page: `pagination` says how many rows there are; narrow them with `where`, or go on with `page` or `cursor`.",
];

/** Makes the tools of a version. */
export const catalogueOf = ({ contract: newest, name: version }: HttpVersion): Catalogue => {
  const { contract } = versionView(newest, version);
  const tools = toolsOf(newest).flatMap((operation) => {
    const shown = contract.operations.get(operation.name);
    return shown === undefined ? [] : [toolOf(operation, shown, contract)];
  });
  const { service, title, doc, definition } = newest;
  return {
    contract: newest,
    tools,
    byName: new Map(tools.map((tool) => [tool.name, tool])),
    isOpen: tools.some(({ operation }) => operation.roles.has("anyone")),
    server: { name: service, title, version },
    instructions: [definition.mcp?.instructions ?? doc, ...guidance].join("\n"),
  };
};
