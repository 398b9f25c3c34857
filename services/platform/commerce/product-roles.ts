/** Roles that apps may have by what a tenant configures. */
import type { FieldIssue } from "pons";
import { isGrantable } from "../roles.ts";

/** What no app gets of the control plane: it would be staff of the tenant. */
const foreign: ReadonlySet<string> = new Set(["platform:admin", "platform:staff", "platform:operator"]);

/** Whether a role (`platform:admin`) is for people only. */
export const isForeignToApps = (role: string): boolean => foreign.has(role);

/** What is wrong with a role that a product gives in a service. */
export const flawOfRole = (service: string, role: string, tenant: string): FieldIssue | undefined =>
  !isGrantable(`${service}:${role}`, tenant) || isForeignToApps(`${service}:${role}`)
    ? { code: "not_in_list", params: { values: "roles that an app may have" } }
    : undefined;
