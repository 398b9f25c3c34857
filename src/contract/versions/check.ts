/** Checks of declared versions. Every problem names the version, the resource and the field. */
import type { Fields } from "../../define/field.ts";
import type { VersionChange, VersionDefinition } from "../../define/version.ts";
import type { Contract } from "../contract.ts";
import { deriveOlder } from "./derive.ts";
import { readOlder } from "./older-value.ts";

const datePattern = /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/;
const isDate = (text: string): boolean => datePattern.test(text) && new Date(text).toJSON()?.slice(0, 10) === text;

const checkDates = ({ deprecated, sunset }: VersionDefinition): string[] => {
  const problems: string[] = [];
  if (deprecated !== undefined && !isDate(deprecated)) problems.push(`deprecated "${deprecated}" is no date YYYY-MM-DD`);
  if (sunset !== undefined && !isDate(sunset)) problems.push(`sunset "${sunset}" is no date YYYY-MM-DD`);
  if (sunset !== undefined && deprecated === undefined)
    problems.push("has a sunset but no `deprecated` (RFC 8594: announce it before)");
  if (sunset !== undefined && deprecated !== undefined && sunset < deprecated)
    problems.push("its sunset lies before `deprecated`");
  return problems;
};

const fieldNameOf = (change: VersionChange): string => (change.change === "renamed" ? change.from : change.field);

/** `fields`: names at the moment after the change; altered to those before it. */
const checkChange = (contract: Contract, change: VersionChange, fields: Map<string, string>): string | undefined => {
  const resource = contract.resources.get(change.resource);
  if (resource === undefined) return `no resource "${change.resource}" (resources: ${[...contract.resources.keys()].join(", ")})`;
  const missing = (name: string): string => `the newer version has no field "${name}" (fields: ${[...fields.keys()].join(", ")})`;
  const newest = (name: string): Fields[string] | undefined => resource.fields[fields.get(name) ?? ""];
  if (fieldNameOf(change) === "id" || (change.change === "renamed" && change.to === "id")) return "the id can not be changed";
  switch (change.change) {
    case "renamed": {
      const origin = fields.get(change.to);
      if (origin === undefined) return missing(change.to);
      if (fields.has(change.from)) return `the newer version has a field "${change.from}" too: nothing was renamed`;
      if (resource.many.has(change.from) || resource.one.has(change.from)) return `"${change.from}" is the name of a relation`;
      fields.delete(change.to);
      fields.set(change.from, origin);
      return undefined;
    }
    case "added": {
      if (!fields.has(change.field)) return missing(change.field);
      const field = newest(change.field);
      const create = contract.operations.get(`${change.resource}.create`);
      const needed = create?.required.has(fields.get(change.field) ?? "") === true;
      fields.delete(change.field);
      if (field !== undefined && "default" in change) {
        const read = change.default === null ? undefined : readOlder(field, change.default, { text: false, use: "write" });
        if (read?.ok === false) return `its default ${JSON.stringify(change.default)} is refused: ${read.found[0]?.[1].code}`;
      } else if (needed) return "is required on create: older clients need a `default`";
      return undefined;
    }
    case "removed":
      if (fields.has(change.field)) return "the newer version has this field: nothing was removed";
      if (resource.many.has(change.field) || resource.one.has(change.field)) return "is the name of a relation";
      fields.set(change.field, "");
      return undefined;
    case "retyped": {
      if (!fields.has(change.field)) return missing(change.field);
      const field = newest(change.field);
      if (field?.kind === "ref" || change.as.kind === "ref" || change.as.kind === "id") return "a reference can not be retyped";
      if (field?.options.mask !== undefined) return "is masked for some readers: a masked value can not be retyped";
      return undefined;
    }
  }
};

/** All problems of the declared older versions; empty when they fit. */
export const checkVersions = (contract: Contract): readonly string[] => {
  const problems: string[] = [];
  const names = new Set([contract.version]);
  let newer = contract;
  for (const older of contract.older) {
    const place = `version ${older.name}`;
    if (!/^v[0-9]{1,4}$/.test(older.name)) problems.push(`${place}: its name is not of the form v1`);
    if (names.has(older.name)) problems.push(`${place}: declared twice`);
    names.add(older.name);
    problems.push(...checkDates(older).map((problem) => `${place}: ${problem}`));
    const fieldsOf = new Map(
      [...newer.resources].map(([name, { fieldNames }]) => [name, new Map(fieldNames.map((field) => [field, field]))]),
    );
    for (const change of older.changes.toReversed()) {
      const problem = checkChange(newer, change, fieldsOf.get(change.resource) ?? new Map());
      if (problem !== undefined)
        problems.push(`${place}: ${change.resource}.${fieldNameOf(change)} (${change.change}): ${problem}`);
    }
    newer = deriveOlder(newer, older).contract;
  }
  return problems;
};
