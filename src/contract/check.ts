/** Checks of a definition before it is compiled. Every problem names the resource and the field, filter or function it is in. */
import { checkCalled } from "./check-calls.ts";
import { checkEvents } from "./check-events.ts";
import { checkJobs } from "./jobs.ts";
import type { Condition, Term } from "../define/expression.ts";
import type { Field, Fields } from "../define/field.ts";
import type { FunctionDefinition } from "../define/function.ts";
import { type Relation, type ResourceDefinition, undefinedBehaviour } from "../define/resource.ts";
import type { ServiceDefinition } from "../define/service.ts";
import { checkPattern } from "../define/pattern.ts";

/** `text/csv`, `application/pain.001+xml` (RFC 6838 section 4.2). */
const mediaType = /^[a-z0-9][a-z0-9!#$&^_.+-]{0,63}\/[a-z0-9][a-z0-9!#$&^_.+-]{0,63}$/;

const camel = /^[a-z][a-zA-Z0-9]{0,47}$/;
/** Words that have a place of their own in addresses or rows. */
const reserved = new Set([
  "batch",
  "graphql",
  "soap",
  "stream",
  "mcp",
  "call",
  "docs",
  "jobs",
  "realm",
  "constructor",
  "prototype",
  "__proto__",
]);
const collectionWords = new Set(["count", "stats"]);

const fieldsOfTerm = (term: Term): readonly (readonly string[])[] => ("field" in term ? [term.field] : []);

/** Every field path a condition reads. */
export const pathsOf = (condition: Condition): readonly (readonly string[])[] => {
  switch (condition.op) {
    case "and":
    case "or":
      return condition.of.flatMap(pathsOf);
    case "not":
      return pathsOf(condition.of);
    case "null":
    case "notNull":
      return fieldsOfTerm(condition.left);
    case "exists":
      return [];
    default:
      return [...fieldsOfTerm(condition.left), ...fieldsOfTerm(condition.right)];
  }
};

/** All problems of a service definition; empty when it fits. */
export const check = (service: ServiceDefinition): readonly string[] => {
  const problems: string[] = [];
  const problem = (place: string, text: string): void => void problems.push(`${place}: ${text}`);
  const resources = new Map<string, ResourceDefinition>();
  const knownRoles = new Set(Object.keys(service.roles));

  const checkRoles = (place: string, roles: readonly string[]): void => {
    for (const role of roles) {
      if (!knownRoles.has(role)) problem(place, `unknown role "${role}" (roles: ${[...knownRoles].join(", ")})`);
    }
  };
  const checkName = (place: string, name: string): void => {
    if (!camel.test(name) || reserved.has(name))
      problem(place, `"${name}" is not a usable name (camelCase, at most 48 characters, not reserved)`);
  };
  const checkField = (place: string, field: Field): void => {
    const { read, write } = field.options;
    checkRoles(place, read ?? []);
    if (Array.isArray(write)) checkRoles(place, write as readonly string[]);
    if (field.options.mask !== undefined && read === undefined)
      problem(place, "has a mask but no `read`: nobody would see the mask");
    const pattern = (field.options as { pattern?: string }).pattern;
    const flaw = pattern === undefined ? undefined : checkPattern(pattern);
    if (flaw !== undefined) problem(place, `pattern ${JSON.stringify(pattern)}: ${flaw}`);
    if (field.target !== undefined && !resources.has(field.target))
      problem(place, `refers to unknown resource "${field.target}"`);
    if (field.kind === "enum" && (field.values === undefined || field.values.length === 0))
      problem(place, "an enum needs values");
    if (field.fields !== undefined) checkFields(place, field.fields);
    if (field.item !== undefined) checkField(`${place}[]`, field.item);
  };
  const checkFields = (place: string, fields: Fields): void => {
    for (const [name, field] of Object.entries(fields)) {
      checkName(`${place}.${name}`, name);
      checkField(`${place}.${name}`, field);
    }
  };
  const checkPath = (place: string, resource: ResourceDefinition, path: readonly string[]): void => {
    let at: ResourceDefinition | undefined = resource;
    for (const [position, name] of path.entries()) {
      const field: Field | undefined = at?.fields[name];
      if (at === undefined || field === undefined) return problem(place, `no field "${path.slice(0, position + 1).join(".")}"`);
      at = field.target === undefined ? undefined : resources.get(field.target);
    }
  };
  const checkDocuments = (place: string, { output, documents }: FunctionDefinition): void => {
    if (output !== "document") {
      if (documents !== undefined) problem(place, '`documents` is for functions whose output is "document"');
      return;
    }
    if (documents === undefined || documents.length === 0)
      return problem(place, "must say which documents it answers: `documents`, a list of media types");
    for (const type of documents)
      if (!mediaType.test(type)) problem(place, `"${type}" is no media type (lower case, without parameters)`);
  };
  const checkFunction = (place: string, fn: FunctionDefinition, resource: ResourceDefinition | undefined): void => {
    checkRoles(place, fn.roles);
    if (fn.roles.length === 0) problem(place, "no role may call it");
    if (fn.cost !== undefined && (!Number.isSafeInteger(fn.cost) || fn.cost < 0 || fn.cost > 1_000_000))
      problem(place, "`cost` is a whole number from 0 to 1,000,000");
    if (fn.prepare !== undefined && fn.kind !== "command")
      problem(place, "`prepare` is for commands: a query may wait by itself");
    if (fn.input !== undefined) checkFields(place, fn.input);
    if (typeof fn.output === "object") checkFields(`${place} output`, fn.output);
    checkDocuments(place, fn);
    if (fn.accepted !== undefined && fn.output === "none")
      problem(place, "may answer 202, so it must answer something: what was asked for and waits");
    if (fn.run === undefined && fn.runMany === undefined) problem(place, "needs `run` or `runMany`");
    if (resource === undefined && (fn.output === "row" || fn.output === "rows"))
      problem(place, "a free function has no rows to answer");
    if (resource === undefined && fn.output === undefined) problem(place, "a free function must say what it answers: `output`");
    if (fn.on !== "item" || resource === undefined) return;
    for (const role of fn.roles) {
      if (resource.behaviour.rows[role] === undefined)
        problem(place, `role "${role}" sees no rows of ${resource.name}, so it can never call this`);
    }
  };
  const checkRelation = (place: string, resource: ResourceDefinition, relation: Relation): void => {
    const target = resources.get(relation.target);
    if (target === undefined) return problem(place, `unknown resource "${relation.target}"`);
    if (relation.kind === "many") {
      for (const by of relation.by) {
        if (target.fields[by]?.target !== resource.name)
          problem(place, `"${by}" of ${relation.target} is not a reference to ${resource.name}`);
      }
    } else if (relation.kind === "manyToMany") {
      const through = resources.get(relation.through);
      if (through?.fields[relation.from]?.target !== resource.name)
        problem(place, `"${relation.from}" of ${relation.through} is not a reference to ${resource.name}`);
      if (through?.fields[relation.to]?.target !== relation.target)
        problem(place, `"${relation.to}" of ${relation.through} is not a reference to ${relation.target}`);
    }
  };
  const checkResource = (resource: ResourceDefinition): void => {
    const { name, behaviour, fields } = resource;
    if (behaviour === undefinedBehaviour)
      problem(name, "was declared and has no behaviour: the module that defines it was not imported");
    checkName(name, name);
    checkFields(name, fields);
    if (fields["id"]?.kind !== "id") problem(name, 'needs a field `id` of kind `t.id("prefix")`');
    checkRoles(`${name}.rows`, Object.keys(behaviour.rows));
    for (const [role, rule] of Object.entries(behaviour.rows)) {
      if (rule !== "all") for (const path of pathsOf(rule)) checkPath(`${name}.rows.${role}`, resource, path);
    }
    for (const [action, roles] of Object.entries(behaviour.access ?? {})) {
      checkRoles(`${name}.access.${action}`, roles ?? []);
      for (const role of roles ?? []) {
        if (behaviour.rows[role] === undefined)
          problem(`${name}.access.${action}`, `role "${role}" sees no rows: give it a row rule`);
      }
    }
    const creators = behaviour.create === undefined ? (behaviour.access?.create ?? []) : [];
    if (creators.length > 0) {
      for (const [fieldName, { kind, options }] of Object.entries(fields)) {
        const { write } = options;
        if (kind === "id" || options.optional === true || options.default !== undefined || options.set !== undefined) continue;
        const barred =
          write === "never" ? creators : Array.isArray(write) ? creators.filter((role) => !write.includes(role)) : [];
        for (const role of barred) {
          problem(
            `${name}.${fieldName}`,
            `must have a value, but role "${role}" creates rows and may not write it: give it a default, make it optional, or create rows by code`,
          );
        }
      }
    }
    if (behaviour.appendOnly === true && (behaviour.access?.update ?? behaviour.access?.delete) !== undefined) {
      problem(name, "is append-only, so `access` can only have `create`");
    }
    const { due, inMemory, records } = behaviour;
    if (records !== undefined) {
      const { rows, records: _, ...rest } = behaviour;
      const [more] = Object.keys(rest);
      if (!/^pons_[a-z_]{1,40}$/.test(records)) problem(`${name}.records`, `"${records}" is no table of the installation`);
      if (Object.keys(rows).length > 0 || more !== undefined)
        problem(
          `${name}.${more ?? "rows"}`,
          "is of records of the installation: they are read by functions, and there is nothing else to them",
        );
    }
    if (inMemory === true && behaviour.appendOnly === true)
      problem(name, "is append-only, so it grows: it cannot be kept in memory");
    if (due !== undefined) {
      const at = fields[due.at];
      if (at?.kind !== "dateTime" || at.options.optional !== true)
        problem(`${name}.due`, `"${due.at}" must be an optional dateTime: null is never`);
      if (behaviour.appendOnly === true) problem(`${name}.due`, "the resource is append-only: nothing can mark its work as done");
    }
    const members = new Set<string>();
    const member = (place: string, memberName: string): void => {
      checkName(place, memberName);
      if (members.has(memberName)) problem(place, `"${memberName}" is taken by another member of ${name}`);
      members.add(memberName);
    };
    for (const fieldName of Object.keys(fields)) members.add(fieldName);
    for (const [relationName, relation] of Object.entries(behaviour.relations ?? {})) {
      if (relation.kind === "one" && relationName === relation.by)
        problem(`${name}.${relationName}`, "every reference is a to-one relation by itself");
      member(`${name}.relations.${relationName}`, relationName);
      checkRelation(`${name}.relations.${relationName}`, resource, relation);
    }
    for (const [functionName, fn] of Object.entries(behaviour.functions ?? {})) {
      member(`${name}.functions.${functionName}`, functionName);
      checkFunction(`${name}.functions.${functionName}`, fn, resource);
      if (collectionWords.has(functionName)) problem(`${name}.functions.${functionName}`, "is a word of the address scheme");
    }
    for (const [filterName, filter] of Object.entries(behaviour.filters ?? {})) {
      const place = `${name}.filters.${filterName}`;
      checkName(place, filterName);
      checkFields(place, filter.params);
      for (const path of pathsOf(filter.where)) checkPath(place, resource, path);
    }
    for (const [statName, stat] of Object.entries(behaviour.stats ?? {})) {
      const place = `${name}.stats.${statName}`;
      checkName(place, statName);
      checkRoles(place, stat.roles ?? []);
      for (const group of stat.group ?? []) {
        const by = typeof group === "string" ? group : group.by;
        checkPath(place, resource, [by]);
        if (typeof group !== "string" && !["date", "dateTime"].includes(fields[by]?.kind ?? ""))
          problem(place, `"${by}" is no date`);
      }
      for (const measure of Object.values(stat.measures))
        if (measure.kind !== "count") checkPath(place, resource, [measure.field]);
    }
    for (const [propertyName, measure] of Object.entries(behaviour.properties ?? {})) {
      checkName(`${name}.properties.${propertyName}`, propertyName);
      if (collectionWords.has(propertyName)) problem(`${name}.properties.${propertyName}`, "is always there");
      if (measure.kind !== "count") checkPath(`${name}.properties.${propertyName}`, resource, [measure.field]);
    }
    for (const extra of behaviour.indexes ?? []) {
      for (const field of "fields" in extra ? extra.fields : extra) checkPath(`${name}.indexes`, resource, [field]);
    }
    checkEvents(resource, problem);
    if (behaviour.create !== undefined) checkFunction(`${name}.create`, behaviour.create, resource);
    for (const part of (behaviour.sortBy ?? "").split(",").filter(Boolean))
      checkPath(`${name}.sortBy`, resource, [part.split(".")[0] ?? ""]);
  };

  if (!/^[a-z][a-z0-9]{0,31}$/.test(service.name)) problem(service.name, "a service's name is lower-case letters and digits");
  if (!/^v[0-9]{1,4}$/.test(service.version)) problem(service.name, `version "${service.version}" is not of the form v1`);
  for (const resource of service.resources) {
    if (resources.has(resource.name)) problem(resource.name, "defined twice");
    resources.set(resource.name, resource);
  }
  for (const resource of service.resources) checkResource(resource);
  for (const [role, as] of Object.entries(service.actFor ?? {})) checkRoles(`${service.name}.actFor`, [role, as]);
  checkRoles(`${service.name}.graphql.introspection`, service.graphql?.introspection ?? []);
  checkRoles(`${service.name}.graphql.persistedOnly`, service.graphql?.persistedOnly ?? []);
  for (const single of service.singletons) {
    checkName(single.name, single.name);
    if (resources.has(single.name)) problem(single.name, "is a resource and a singleton");
    if (resources.get(single.of.name) !== single.of)
      problem(single.name, `is of "${single.of.name}", which is no resource of the service`);
    checkRoles(single.name, [...single.roles, ...(single.update ?? [])]);
  }
  for (const [name, fn] of Object.entries(service.operations)) {
    checkName(name, name);
    if (resources.has(name)) problem(name, "is a resource and an operation");
    checkFunction(name, fn, undefined);
  }
  checkJobs(service, problem);
  checkCalled(service, problem);
  return problems;
};
