/** Which roles can be given to apps and people by what a tenant configures. */
import type { FieldIssue } from "pons";

/** Stand for no person and no app, whatever the service. */
const reserved: readonly string[] = ["anyone", "system", "operator", "enrolling"];

/** A role that nobody is ever granted. */
export const isReserved = (role: string): boolean => reserved.includes(role);

/** What an app may not get of the control plane: it would be staff of the tenant. */
const foreignToApps: readonly string[] = ["admin", "staff"];

/** What is wrong with a role that a product gives in a service. */
export const withoutForeignRoles = (service: string, role: string): FieldIssue | undefined =>
  isReserved(role) || (service === "platform" && foreignToApps.includes(role))
    ? { code: "not_in_list", params: { values: "roles that an app may have" } }
    : undefined;
