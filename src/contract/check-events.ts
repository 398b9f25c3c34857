/** Whether the events of a resource fit: their names, and those that follow from changes of rows (`on`). */
import type { ResourceDefinition } from "../define/resource.ts";

const camel = /^[a-z][A-Za-z0-9]{0,47}$/;

/** Calls `problem` for what does not fit. */
export const checkEvents = (resource: ResourceDefinition, problem: (place: string, what: string) => void): void => {
  for (const [event, { data, on }] of Object.entries(resource.behaviour.events ?? {})) {
    const place = `${resource.name}.events.${event}`;
    if (!camel.test(event)) problem(place, `"${event}" is not a usable name (camelCase, at most 48 characters)`);
    for (const [name, { kind, target }] of Object.entries(data)) {
      if (!camel.test(name)) problem(place, `"${name}" is not a usable name (camelCase, at most 48 characters)`);
      const isSubject = kind === "ref" && target === resource.name;
      if (on === undefined || isSubject) continue;
      const field = resource.fields[name];
      if (field === undefined) problem(place, `"${name}" is no field of ${resource.name}, whose change tells of the event`);
      else if (field.kind !== kind) problem(place, `"${name}" is a ${kind} here and a ${field.kind} in ${resource.name}`);
    }
  }
};
