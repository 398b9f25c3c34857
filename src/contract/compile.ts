/**
 * Compiles a service definition into its contract. All that can be derived is derived here, at start; a request only looks things up.
 * Throws `DefinitionError` with every problem found.
 */
import type { Field, Fields } from "../define/field.ts";
import type { FunctionDefinition, RefusalSpecs } from "../define/function.ts";
import type { ResourceDefinition, SingletonDefinition } from "../define/resource.ts";
import type { ServiceDefinition } from "../define/service.ts";
import type { Action, Contract, ManyContract, Operation, ResourceContract, Target } from "./contract.ts";
import { check } from "./check.ts";
import { DefinitionError } from "./definition-error.ts";
import { jobsOf } from "./jobs.ts";
import { tableOf } from "./tables.ts";
import { checkVersions } from "./versions/check.ts";
import { checkLine } from "./line.ts";
import { checkMcp } from "./mcp.ts";
import { checkSoap } from "./soap/check.ts";

const defaultPerPage = 20;
const defaultMaxPerPage = 100;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const sortOf = (sortBy: string | undefined): ResourceContract["sortBy"] =>
  (sortBy ?? "")
    .split(",")
    .filter(Boolean)
    .map((part) => {
      const [field = "", direction] = part.split(".");
      return { path: [field], direction: direction === "desc" ? "desc" : "asc" };
    });

const fieldsSet = (fields: Fields, by: string): string[] =>
  Object.entries(fields).flatMap(([name, field]) => (field.options.set === by ? [name] : []));

const resourceContract = (service: string, resource: ResourceDefinition): Mutable<ResourceContract> => {
  const { fields, behaviour } = resource;
  return {
    name: resource.name,
    singular: resource.singular,
    doc: resource.doc,
    fields,
    fieldNames: Object.keys(fields),
    table: tableOf(service, resource),
    rows: behaviour.rows,
    one: new Map(),
    many: new Map(),
    filters: behaviour.filters ?? {},
    stats: behaviour.stats ?? {},
    properties: behaviour.properties ?? {},
    perPage: behaviour.perPage ?? defaultPerPage,
    maxPerPage: behaviour.maxPerPage ?? defaultMaxPerPage,
    sortBy: sortOf(behaviour.sortBy),
    appendOnly: behaviour.appendOnly === true,
    prefix: fields["id"]?.prefix ?? "",
    set: {
      created: fieldsSet(fields, "created"),
      updated: fieldsSet(fields, "updated"),
      version: fieldsSet(fields, "version"),
      sequence: fieldsSet(fields, "sequence"),
    },
    unique: [],
    events: behaviour.events ?? {},
    eventSubjects: new Map(
      Object.entries(behaviour.events ?? {}).flatMap(([event, { data }]) => {
        const subject = Object.entries(data).find(([, { kind, target }]) => kind === "ref" && target === resource.name);
        return subject === undefined ? [] : [[event, subject[0]] as const];
      }),
    ),
    ...(behaviour.due === undefined ? {} : { due: behaviour.due }),
    definition: resource,
  };
};

/** Adds relations, once every resource has a contract. */
const relate = (
  contract: Mutable<ResourceContract>,
  resource: ResourceDefinition,
  all: ReadonlyMap<string, ResourceContract>,
): void => {
  const one = contract.one as Map<string, { by: string; target: ResourceContract }>;
  const many = contract.many as Map<string, ManyContract>;
  const named = (name: string): ResourceContract => {
    const found = all.get(name);
    if (found === undefined) throw new Error(`no resource ${name}`);
    return found;
  };
  for (const [name, field] of Object.entries(resource.fields)) {
    if (field.target !== undefined) one.set(name, { by: name, target: named(field.target) });
  }
  for (const [name, relation] of Object.entries(resource.behaviour.relations ?? {})) {
    if (relation.kind === "one") one.set(name, { by: relation.by, target: named(relation.target) });
    else if (relation.kind === "many") many.set(name, { relation, target: named(relation.target) });
    else many.set(name, { relation, target: named(relation.target), through: named(relation.through) });
  }
};

const writableOn = (action: "create" | "update" | "replace", field: Field): boolean => {
  const { write, set } = field.options;
  if (set !== undefined || write === "never") return false;
  if (field.kind === "id") return action === "create" && field.client === true;
  return action === "create" || write !== "create";
};

const select = (fields: Fields, keep: (field: Field) => boolean): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([, field]) => keep(field)));

/** Fields of an input that must be given. */
export const requiredOf = (fields: Fields): ReadonlySet<string> =>
  new Set(
    Object.entries(fields).flatMap(([name, field]) =>
      field.kind === "id" || field.options.optional === true || field.options.default !== undefined ? [] : [name],
    ),
  );

const none: ReadonlySet<string> = new Set();

/** What a function answers; the row of its resource unless it says otherwise. */
const outputOf = ({ output = "row", documents = [] }: FunctionDefinition): Operation["output"] => {
  if (typeof output === "object") return { kind: "fields", fields: output };
  return output === "document" ? { kind: output, mediaTypes: documents } : { kind: output };
};

class OperationBuilder {
  readonly operations = new Map<string, Operation>();
  readonly #service: Pick<ServiceDefinition, "name" | "rowsOf" | "actFor">;

  constructor(service: Pick<ServiceDefinition, "name" | "rowsOf" | "actFor">) {
    this.#service = service;
  }

  add(
    operation: Omit<
      Operation,
      "service" | "roles" | "refusals" | "input" | "required" | "cost" | "stepUp" | "rowsOf" | "actFor"
    > & {
      roles: Iterable<string>;
    } & Partial<Pick<Operation, "refusals" | "input" | "required">>,
  ): void {
    this.operations.set(operation.name, {
      service: this.#service.name,
      rowsOf: this.#service.rowsOf ?? "environment",
      actFor: this.#service.actFor ?? {},
      cost: operation.function?.cost ?? 1,
      stepUp: operation.function?.stepUp === true,
      refusals: {},
      input: {},
      required: none,
      ...operation,
      roles: new Set(operation.roles),
    });
  }

  function(name: string, fn: FunctionDefinition, resource: ResourceContract | undefined, member: string): void {
    const input = fn.input ?? {};
    this.add({
      name,
      action: "function",
      target: fn.on,
      kind: fn.kind,
      doc: fn.doc,
      roles: fn.roles,
      member,
      input,
      required: requiredOf(input),
      output: outputOf(fn),
      refusals: fn.refusals ?? {},
      function: fn,
      ...(resource === undefined ? {} : { resource }),
    });
  }

  resource(resource: ResourceContract, definition: ResourceDefinition): void {
    const { behaviour, doc, singular } = definition;
    const readers = Object.keys(behaviour.rows);
    const read = (
      action: Action,
      name: string,
      target: Target,
      output: Operation["output"],
      text: string,
      more: { member?: string; roles?: readonly string[] } = {},
    ): void => {
      this.add({
        name,
        action,
        target,
        kind: "query",
        doc: text,
        output,
        resource,
        roles: more.roles ?? readers,
        ...(more.member === undefined ? {} : { member: more.member }),
      });
    };
    if (readers.length > 0) {
      read("list", `${resource.name}.list`, "collection", { kind: "rows" }, `Lists ${resource.name}. ${doc}`);
      read("get", `${resource.name}.get`, "item", { kind: "row" }, `Reads one ${singular}.`);
      read("count", `${resource.name}.count`, "collection", { kind: "count" }, `Counts ${resource.name}.`, { member: "count" });
      for (const [member, measure] of Object.entries(resource.properties)) {
        read(
          "property",
          `${resource.name}.property.${member}`,
          "collection",
          { kind: "value", measure },
          `Property ${member} of all ${resource.name}.`,
          { member },
        );
      }
      for (const [member, statistic] of Object.entries(resource.stats)) {
        const roles = statistic.roles ?? readers;
        read(
          "stats",
          `${resource.name}.stats.${member}`,
          "collection",
          { kind: "stats", statistic },
          statistic.doc ?? `Statistics ${member} of ${resource.name}.`,
          { member, roles },
        );
      }
    }
    const refusals: RefusalSpecs = behaviour.refusals ?? {};
    const write = (
      action: "create" | "update" | "replace" | "delete",
      roles: readonly string[] | undefined,
      text: string,
    ): void => {
      if (roles === undefined || roles.length === 0) return;
      const input = action === "delete" ? {} : select(definition.fields, (field) => writableOn(action, field));
      this.add({
        name: `${resource.name}.${action}`,
        action,
        target: action === "create" ? "collection" : "item",
        kind: "command",
        doc: text,
        roles,
        resource,
        input,
        required: action === "update" ? none : requiredOf(input),
        output: { kind: action === "delete" ? "none" : "row" },
        refusals,
      });
    };
    const { access } = behaviour;
    if (behaviour.create === undefined) write("create", access?.create, `Creates one ${singular}.`);
    else {
      const fn = behaviour.create;
      const input = fn.input ?? select(definition.fields, (field) => writableOn("create", field));
      this.add({
        name: `${resource.name}.create`,
        action: "create",
        target: "collection",
        kind: "command",
        doc: fn.doc,
        roles: fn.roles,
        resource,
        input,
        required: requiredOf(input),
        output: { kind: "row" },
        refusals: { ...refusals, ...fn.refusals },
        function: fn,
      });
    }
    write("update", access?.update, `Changes fields of one ${singular}.`);
    write("replace", access?.replace ?? access?.update, `Replaces one ${singular}.`);
    write("delete", access?.delete, `Deletes one ${singular}.`);
    for (const [member, fn] of Object.entries(behaviour.functions ?? {})) {
      this.function(`${resource.name}.${member}`, fn, resource, member);
    }
  }

  singleton(single: SingletonDefinition, resource: ResourceContract): void {
    const mayWrite = ({ options: { write } }: Field): boolean =>
      !Array.isArray(write) || (write as readonly string[]).some((role) => single.update?.includes(role) === true);
    const input = select(resource.fields, (field) => writableOn("update", field) && mayWrite(field));
    const shared = { target: "singleton" as const, resource, singleton: single.name, output: { kind: "row" as const } };
    this.add({ ...shared, name: `${single.name}.get`, action: "get", kind: "query", doc: single.doc, roles: single.roles });
    if (single.update !== undefined) {
      this.add({
        ...shared,
        name: `${single.name}.update`,
        action: "update",
        kind: "command",
        doc: `Changes ${single.name}.`,
        roles: single.update,
        input,
      });
    }
  }
}

/** Listening to the events of a service. */
const eventsOf = (definition: ServiceDefinition, resources: Iterable<ResourceContract>): Operation => ({
  name: "events",
  service: definition.name,
  action: "function",
  target: "free",
  kind: "query",
  doc: `Events of ${definition.title}, as they are committed.`,
  roles: new Set([...resources].flatMap(({ events, rows }) => (Object.keys(events).length === 0 ? [] : Object.keys(rows)))),
  input: {},
  required: none,
  output: { kind: "none" },
  refusals: {},
  cost: 1,
  stepUp: false,
  rowsOf: definition.rowsOf ?? "environment",
  actFor: definition.actFor ?? {},
});

/** Compiles a definition. */
export const compile = (definition: ServiceDefinition): Contract => {
  const problems = check(definition);
  if (problems.length > 0) throw new DefinitionError(definition.name, problems);
  const resources = new Map<string, Mutable<ResourceContract>>();
  for (const resource of definition.resources) resources.set(resource.name, resourceContract(definition.name, resource));
  for (const resource of definition.resources) {
    const contract = resources.get(resource.name);
    if (contract === undefined) continue;
    relate(contract, resource, resources);
    contract.unique = contract.table.indexes.filter((index) => index.unique).map((index) => index.fields);
  }
  const builder = new OperationBuilder(definition);
  const singletons: Contract["singletons"] = new Map(
    definition.singletons.flatMap((single) => {
      const resource = resources.get(single.of.name);
      return resource === undefined ? [] : [[single.name, { name: single.name, doc: single.doc, resource }] as const];
    }),
  );
  for (const resource of definition.resources) {
    const contract = resources.get(resource.name);
    if (contract !== undefined) builder.resource(contract, resource);
  }
  for (const single of definition.singletons) {
    const resource = resources.get(single.of.name);
    if (resource !== undefined) builder.singleton(single, resource);
  }
  for (const [name, fn] of Object.entries(definition.operations)) builder.function(name, fn, undefined, name);
  const contract: Contract = {
    service: definition.name,
    title: definition.title,
    doc: definition.doc,
    version: definition.version,
    older: definition.older,
    roles: definition.roles,
    resources,
    operations: builder.operations,
    events: eventsOf(definition, resources.values()),
    jobs: jobsOf(definition),
    singletons,
    tables: [...resources.values()].map((resource) => resource.table).filter((table) => table.readOnly !== true),
    messages: definition.messages,
    definition,
  };
  const flaws = [...checkVersions(contract), ...checkSoap(contract), ...checkLine(contract), ...checkMcp(contract)];
  if (flaws.length > 0) throw new DefinitionError(definition.name, flaws);
  return contract;
};
