/** Checks of what a service says it calls of others, as far as it can be told without them. */
import type { ServiceDefinition } from "../define/service.ts";

/** Nobody's to give: a caller without credentials, the installation itself. */
const ungranted = new Set(["anyone", "system"]);

/** Calls `problem` for what does not fit. */
export const checkCalled = ({ name, calls = {} }: ServiceDefinition, problem: (place: string, what: string) => void): void => {
  for (const [service, { roles }] of Object.entries(calls)) {
    const place = `calls.${service}`;
    if (service === name) problem(place, "a service does not call itself: its jobs have `run`");
    if (roles.length === 0) problem(place, "names no role, so nothing can be called");
    for (const role of roles) if (ungranted.has(role)) problem(place, `"${role}" is a role that is never granted`);
  }
};
