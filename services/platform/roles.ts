/** Roles of the platform, and which of them stand for what. */

export const roles = {
  anyone: "A caller without credentials.",
  enrolling: "Staff that has to enrol a second factor before anything else.",
  person: "Somebody who has logged in: manages the own account. Whoever has an account has it.",
  developer: "A member of a community: registers apps, and makes their keys.",
  admin: "A tenant's administrator: communities, people, apps, what is on offer.",
  staff: "A tenant's back office: reads what there is, and helps.",
  auditor: "Sees everything of a tenant, changes nothing.",
  operator: "Staff of the installation itself, in its own tenant: tenants, and access to them for support.",
  system: "The installation itself.",
};

/** The tenant of the installation's own staff. */
export const operatorTenant = "pons";

/** Who manages an own account. */
export const persons = ["person", "enrolling"] as const;

/** Roles that read what is a tenant's. */
export const overseers = ["admin", "staff", "auditor"] as const;

/** Roles nobody is granted. `person` comes with the account, `enrolling` with a session. */
const ungrantable: ReadonlySet<string> = new Set(["anyone", "system", "enrolling", "person"]);

/** A role as it is granted: of one service, `bank:teller`. */
export const rolePattern = "[a-z][a-z0-9]{0,31}:[a-z][a-zA-Z0-9]{0,47}";

/** The role without its service. */
export const nameOfRole = (role: string): string => role.slice(role.indexOf(":") + 1);

/** Whether a role may be granted in a tenant; `operator` only in the installation's own. */
export const isGrantable = (role: string, tenant: string): boolean => {
  const name = nameOfRole(role);
  return !ungrantable.has(name) && (name !== "operator" || (role === "platform:operator" && tenant === operatorTenant));
};

const privileged: ReadonlySet<string> = new Set(["admin", "staff", "auditor", "operator"].map((name) => `platform:${name}`));

/**
 * Whether an account counts only with a second factor: staff of the platform, and whoever has roles in other services without standing for a row there,
 * as a customer does.
 */
export const needsSecondFactor = ({
  roles: held,
  subject,
}: {
  readonly roles: readonly string[];
  readonly subject: string | null;
}): boolean => held.some((role) => privileged.has(role) || (!role.startsWith("platform:") && subject === null));
