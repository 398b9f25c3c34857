/** One method of one address as an operation of the document. */
import type { VersionDefinition } from "../../define/version.ts";
import type { Address } from "./addresses.ts";
import { successes } from "./answers.ts";
import type { Json } from "./components.ts";
import { operationId, tagOf } from "./names.ts";
import type { DocumentParts } from "./parts.ts";
import { refusalResponses } from "./refusals.ts";
import { requestBody } from "./requests.ts";
import { batchItemsMax } from "./schemas.ts";

const verbs: Partial<Record<Address["use"], string>> = {
  query: "queried by a body",
  changeMany: "many at once",
  deleteMany: "many at once",
};

const summaryOf = (address: Address): string => {
  const { operation, use, property, relation, parent, group } = address;
  if (use === "batch") return "Calls of any kind in one request";
  if (use === "job") return "State of a job";
  if (use === "sealed") return "Any call, sealed";
  if (operation === undefined) return use;
  const singular = operation.resource?.singular ?? operation.name;
  if (use === "property") return `Read ${property} of one ${singular}`;
  if (use === "setProperty") return `${address.method === "PUT" ? "Set" : "Change"} ${property} of one ${singular}`;
  if (relation !== undefined && parent !== undefined) {
    const words = { list: "List", query: "Query", create: "Create in", relate: "Relate to", unrelate: "Remove from" } as Record<
      string,
      string
    >;
    return `${words[use] ?? use} ${relation} of one ${parent.singular}`;
  }
  if (operation.action === "function")
    return `${operation.member} ${operation.target === "item" ? `one ${singular}` : (group ?? "")}`.trim();
  if (operation.action === "stats") return `Statistics ${operation.member}`;
  if (operation.action === "property") return `Property ${operation.member} of ${group}`;
  const words: Record<string, string> = {
    list: "List",
    get: "Read",
    create: "Create",
    update: "Change",
    replace: "Replace",
    delete: "Delete",
    count: "Count",
  };
  const many = operation.action === "list" || operation.action === "count" || use === "changeMany" || use === "deleteMany";
  const noun = operation.singleton ?? (many ? operation.resource?.name : `one ${singular}`);
  return [`${words[operation.action]} ${noun}`, verbs[use]].filter((part) => part !== undefined).join(", ");
};

const describe = (address: Address, older: VersionDefinition | undefined): string => {
  const { operation, then, use } = address;
  const notes: string[] = [];
  if (use === "batch") {
    notes.push(
      "Each call names an address below this one. A later call can use what an earlier one answered: `{a.data.id}` stands for the `id` of the answer of call `a`, in paths and bodies.",
      "Every call is authorized, validated, limited and audited by itself. `atomic`: all or none; `independent` (default): each by itself.",
    );
  }
  if (use === "sealed") {
    notes.push(
      "`sealed` is a JWE (RFC 7516, compact) with `dir` and `A256GCM`, under a key made by HKDF-SHA-256 from the app's signing secret for `pons sealed call`. Inside: `controller` (a resource), `action` (`list`, `read`, `create`, `update`, `replace`, `delete`, `count` or a function), `id`, `query`, `data`, `idempotencyKey`, `ifMatch`, `iat` (now, in seconds) and `jti` (new for each call).",
      "The answer is sealed with the same key. Inside: `answers` (the call's `jti`), `status`, `headers`, `body`.",
    );
  }
  if (use === "job")
    notes.push(
      "A job is made by `Prefer: respond-async`, belongs to the key that made it, and is kept for ten minutes after it is done.",
    );
  if (operation !== undefined) notes.push(then?.doc ?? operation.doc);
  if (use === "create") notes.push(`An array creates up to ${batchItemsMax} at once, with one verdict each.`);
  if (use === "changeMany") notes.push("An array of objects, each with its `id`; one verdict each.");
  if (use === "deleteMany") notes.push("One verdict for each of the `ids`.");
  if (use === "relate") notes.push("The body names the row to relate by its id.");
  const roles = [...((then ?? operation)?.roles ?? [])];
  if (roles.length > 0) notes.push(`Roles: ${roles.map((role) => `\`${role}\``).join(", ")}.`);
  if (older?.sunset !== undefined) notes.push(`This version answers until ${older.sunset}.`);
  return notes.join("\n\n");
};

/** The operation object. */
export const operationObject = (address: Address, parts: DocumentParts): Json => {
  const body = requestBody(address, parts);
  const operation = address.then ?? address.operation;
  return {
    operationId: operationId(address),
    summary: summaryOf(address),
    description: describe(address, parts.older),
    tags: [tagOf(address)],
    ...(address.use === "sealed" ? { security: [] } : {}),
    ...(parts.older?.deprecated === undefined ? {} : { deprecated: true }),
    parameters: parts.parameters.of(address),
    ...(body === undefined ? {} : { requestBody: body }),
    responses: {
      ...successes(address, parts),
      ...refusalResponses(address, parts.components, { isOlder: parts.older !== undefined }),
    },
    ...(operation === undefined ? {} : { "x-operation": operation.name }),
  };
};
