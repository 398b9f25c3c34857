/** accept: the input, checked and decoded. Refuses 400 and 422. */
import type { Contract, Operation } from "../../contract/contract.ts";
import { versionView } from "../../contract/versions.ts";
import { type AcceptFields, compileFields } from "../../contract/values/fields.ts";
import { acceptQuery, type QueryContext } from "../accept/query.ts";
import { RelatedReads } from "../accept/query/related.ts";
import type { Row } from "../../store/store.ts";
import type { Input } from "../call.ts";
import type { CallContext, Step } from "../context.ts";
import type { RowsPlan } from "../plan.ts";
import { invalid, type Refusal, refuse } from "../refusal.ts";
import { viewOf } from "../view.ts";

const idLengthMax = 64;

/** Acceptors per operation and roles: who may write a field depends on the role. */
const acceptors = new WeakMap<Operation, Map<string, AcceptFields>>();
const acceptorsPerOperationMax = 256;

const acceptorOf = (operation: Operation, roles: readonly string[]): AcceptFields => {
  let byRoles = acceptors.get(operation);
  if (byRoles === undefined) {
    byRoles = new Map();
    acceptors.set(operation, byRoles);
  }
  const key = roles.length === 1 ? (roles[0] as string) : roles.join(",");
  let acceptor = byRoles.get(key);
  if (acceptor === undefined) {
    if (byRoles.size >= acceptorsPerOperationMax) byRoles.clear();
    const { input, action, resource, required } = operation;
    const writable = Object.entries(input).filter(([, { options }]) => {
      const { write } = options;
      return !Array.isArray(write) || (write as readonly string[]).some((role) => roles.includes(role));
    });
    const names = new Set(writable.map(([name]) => name));
    const onRow = action === "create" || action === "update" || action === "replace";
    acceptor = compileFields(Object.fromEntries(writable), {
      required,
      partial: action === "update",
      defaults: action !== "update",
      unknown: "refuse",
      ...(onRow && resource !== undefined ? { readOnly: new Set(resource.fieldNames.filter((name) => !names.has(name))) } : {}),
    });
    byRoles.set(key, acceptor);
  }
  return acceptor;
};

export interface AcceptOptions {
  readonly contracts: ReadonlyMap<string, Contract>;
  readonly cursorSecret: string;
  readonly now: () => string;
}

/** Whether a text can be an id at all: anything else is the id of no row. */
const mayBeId = (id: string): boolean => id.length > 0 && id.length <= idLengthMax && !id.includes("\0") && id.isWellFormed();

/** Which row the call is about, if it is about one. */
const acceptId = (context: CallContext): Refusal | undefined => {
  const { operation, caller, input } = context;
  if (operation.target === "singleton") {
    if (caller === undefined || caller.subject === null) return refuse("not_found");
    context.id = caller.subject;
  } else if (operation.target === "item") {
    const { id, ids } = input;
    if (ids !== undefined && operation.action === "get") return undefined;
    if (id === undefined || !mayBeId(id)) return refuse("not_found");
    context.id = id;
  }
  return undefined;
};

/** An older version's input in the newest version's words. */
const translate = (context: CallContext, contracts: AcceptOptions["contracts"], text: boolean): Input | Refusal => {
  const { call, operation, input } = context;
  const contract = contracts.get(operation.service);
  if (call.version === undefined || contract === undefined || call.version === contract.version) return input;
  const version = versionView(contract, call.version);
  const translated: { -readonly [K in keyof Input]: Input[K] } = { ...input };
  if (input.body !== undefined) {
    const body = version.upBody(operation, input.body, text);
    if (!body.ok) return invalid(body.issues);
    translated.body = body.value;
  }
  if (input.query !== undefined) {
    const query = version.upQuery(operation, input.query, text);
    if (!query.ok) return invalid(query.issues);
    translated.query = query.value;
  }
  return translated;
};

const rowsPlan = (plan: ReturnType<typeof acceptQuery>): RowsPlan | undefined =>
  "kind" in plan && plan.kind === "rows" ? plan : undefined;

/** The read that shows whether the parent of a related collection is there for the caller. */
const acceptParent = (context: CallContext, contracts: AcceptOptions["contracts"], query: QueryContext): Refusal | undefined => {
  const { parent } = context.input;
  if (parent === undefined) return undefined;
  const { operation, caller } = context;
  const contract = contracts.get(operation.service);
  const resource = contract?.resources.get(parent.resource);
  const get = contract?.operations.get(`${parent.resource}.get`);
  if (resource === undefined || get === undefined || caller === undefined || !mayBeId(parent.id)) return refuse("not_found");
  const view = viewOf(resource, caller.roles, caller.redaction);
  if (view.rule === "none") return refuse("not_found");
  context.parentPlan = rowsPlan(acceptQuery(get, view, { id: parent.id, query: { fields: ["id"] } }, query));
  return undefined;
};

/** The whole row for a query function on an item: code sees every field. */
const acceptRow = (context: CallContext, query: QueryContext): void => {
  const { view, operation, id } = context;
  if (operation.target !== "item" || view === undefined || id === undefined) return;
  const plan = rowsPlan(acceptQuery({ ...operation, action: "get" }, view, { id }, query));
  if (plan === undefined) return;
  const shape = { ...plan.shape, key: `${plan.shape.key}:whole`, select: view.resource.fieldNames };
  context.rowPlan = { ...plan, shape };
};

export const accept = ({ contracts, cursorSecret, now }: AcceptOptions): Step => {
  return (context) => {
    const { call, operation, caller, roles } = context;
    const text = call.text === true;
    const missing = acceptId(context);
    if (missing !== undefined) return missing;
    const input = translate(context, contracts, text);
    if ("type" in input) return input;
    const isRead = operation.kind === "query";
    if (isRead) {
      if (caller === undefined) throw new Error("accept comes after identify");
      const related = new RelatedReads(contracts.get(operation.service), caller);
      const query = { principal: caller, related, cursorSecret, now, text };
      if (operation.action === "function") acceptRow(context, query);
      else {
        if (context.view === undefined) throw new Error("accept comes after authorize");
        const orphan = acceptParent(context, contracts, query);
        if (orphan !== undefined) return orphan;
        const plan = acceptQuery(
          operation,
          context.view,
          context.id === input.id || context.id === undefined ? input : { ...input, id: context.id },
          query,
        );
        if (!("kind" in plan)) return plan;
        context.plan = plan;
        context.related = related.operations;
        return undefined;
      }
    }
    if (operation.action === "delete") return undefined;
    const accepted = acceptorOf(operation, roles)(input.body === undefined ? {} : input.body, text);
    if (!accepted.ok) return invalid(accepted.issues);
    context.body = keepUnknown(context, contracts, accepted.value);
    return undefined;
  };
};

/** A replace by an older client leaves the fields it does not know as they are. */
const keepUnknown = (context: CallContext, contracts: AcceptOptions["contracts"], body: Row): Row => {
  const { call, operation } = context;
  const contract = contracts.get(operation.service);
  if (operation.action !== "replace" || call.version === undefined || contract === undefined || call.version === contract.version)
    return body;
  const kept = versionView(contract, call.version).kept(operation);
  return Object.fromEntries(Object.entries(body).filter(([name]) => !kept.has(name)));
};
