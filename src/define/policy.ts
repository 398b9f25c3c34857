/**
 * Run-time policies: what an administrator changes of how calls are treated while the system runs. A policy has a kind, settings of that kind, and a
 * scope that says which calls it is for. This is the one schema: the control plane keeps policies that pass `checkPolicy`, the gate acts upon them.
 *
 *   { kind: "ipAllow",   settings: { networks: ["192.0.2.0/24"] },               scope: { operations: ["bank.transfers.*"] } }
 *   { kind: "redaction", settings: { fields: ["bank.accounts.iban"], mask: "last4" }, scope: { apps: ["app_01…"] } }
 */
import { BlockList, isIP } from "node:net";

/** Which calls a policy is for: all that meet every part. A part that is null or absent asks for nothing. */
export interface PolicyScope {
  /** `sandbox`, `live`. */
  readonly environment?: string | null;
  /** Patterns: `bank.*`, `bank.accounts.*`, `bank.accounts.list`. */
  readonly operations?: readonly string[] | null;
  /** Ids of plans and apps. */
  readonly plans?: readonly string[] | null;
  readonly apps?: readonly string[] | null;
  /** Roles of the caller, one of which is enough. */
  readonly roles?: readonly string[] | null;
}

/** How a caller may be recognised, as policies name it. */
export const authentications = ["key", "signature", "sealed", "session", "token", "basic", "certificate"] as const;

export interface PolicySettings {
  /** Only from these addresses and networks (CIDR). */
  readonly ipAllow: { readonly networks: readonly string[] };
  readonly ipDeny: { readonly networks: readonly string[] };
  /** Only callers recognised in one of these ways; sessions of people may have to have shown a second factor within so many seconds. */
  readonly authenticationStrength: {
    readonly accepted: readonly (typeof authentications)[number][];
    readonly secondFactorWithinSeconds?: number | null;
  };
  /** Switches operations off. */
  readonly operationSwitch: { readonly isOn: boolean };
  /**
   * request: `strict` (as without a policy) or `lenient`: fields of a body that the definition does not know are left out in place of a refusal.
   * response: answers are checked against the definition: not at all, told to the log, or refused as an error of ours.
   */
  readonly validation: { readonly request: "strict" | "lenient"; readonly response: "off" | "report" | "enforce" };
  /** Which pages of other origins may call (Fetch standard, CORS). */
  readonly cors: {
    /** `https://shop.example.com`; `*`: any, then without credentials. */
    readonly origins: readonly string[];
    readonly allowCredentials: boolean;
    /** For how long a browser keeps the answer to a preflight, in seconds, at most 7,200. */
    readonly maxAgeSeconds: number;
  };
  /** Bytes of a body, at most those of the installation. */
  readonly size: { readonly requestBytesMax: number };
  /** How long a client may keep what it read. */
  readonly cache: { readonly maxAgeSeconds: number };
  /** Fields (`bank.accounts.iban`) that are not shown, or only masked, and by which nobody filters or sorts. */
  readonly redaction: { readonly fields: readonly string[]; readonly mask: "removed" | "hidden" | "last4" | "email" };
  /** Other names for fields of rows, in answers and bodies: `{ "bank.accounts.name": "title" }`. */
  readonly transformation: { readonly rename: Readonly<Record<string, string>> };
  /** Says that operations are going (RFC 9745, RFC 8594); after the sunset they answer 410. */
  readonly deprecation: { readonly deprecatedAt: string; readonly sunsetAt?: string | null; readonly link?: string | null };
  /** Refuses calls with 503 for the time being. */
  readonly maintenance: { readonly until?: string | null; readonly retryAfterSeconds: number; readonly allowsReads: boolean };
  /** What callers may ask over GraphQL, beside what the definition says: for the schema itself, and with documents that nobody has registered. */
  readonly graphql: { readonly introspection: boolean; readonly persistedOnly: boolean };
}

export type PolicyKind = keyof PolicySettings;

export interface Policy<K extends PolicyKind = PolicyKind> {
  readonly id: string;
  readonly kind: K;
  readonly scope: PolicyScope;
  readonly settings: PolicySettings[K];
  /** Lower ones are asked first; of two that contradict each other the later one counts. */
  readonly order: number;
}

/** A policy that fits, or what does not: field → reason. */
export type PolicyVerdict =
  | { readonly ok: true; readonly policy: Omit<Policy, "id"> }
  | { readonly ok: false; readonly issues: Readonly<Record<string, string>> };

type Check = (value: unknown) => string | undefined;

const itemsMax = 500;
const pattern = /^(?:\*|[a-z][a-zA-Z0-9]*(?:\.[a-zA-Z][a-zA-Z0-9]*)*(?:\.\*)?)$/;
const fieldPath = /^[a-z][a-z0-9]*\.[a-z][a-zA-Z0-9]*\.[a-z][a-zA-Z0-9]*$/;
const fieldName = /^[a-zA-Z][a-zA-Z0-9_]{0,47}$/;
const forbiddenNames: ReadonlySet<string> = new Set(["constructor", "prototype", "__proto__", "id"]);

const isNetwork = (text: string): boolean => {
  const [address = "", bits, ...more] = text.split("/");
  const version = isIP(address);
  if (version === 0 || more.length > 0) return false;
  if (bits === undefined) return true;
  if (!/^\d{1,3}$/.test(bits) || Number(bits) > (version === 4 ? 32 : 128)) return false;
  try {
    new BlockList().addSubnet(address, Number(bits), version === 4 ? "ipv4" : "ipv6");
    return true;
  } catch {
    return false;
  }
};

const isOrigin = (text: string): boolean => {
  if (text === "*") return true;
  try {
    const url = new URL(text);
    return (
      url.origin === text &&
      (url.protocol === "https:" || (url.protocol === "http:" && /^(?:localhost|127\.0\.0\.1)$/.test(url.hostname)))
    );
  } catch {
    return false;
  }
};

const isMoment = (value: unknown): boolean =>
  typeof value === "string" && value.length <= 40 && /^\d{4}-\d\d-\d\dT/.test(value) && !Number.isNaN(Date.parse(value));

const list =
  (fits: (text: string) => boolean, what: string): Check =>
  (value) =>
    Array.isArray(value) &&
    value.length > 0 &&
    value.length <= itemsMax &&
    value.every((item) => typeof item === "string" && fits(item))
      ? undefined
      : `must be a list of 1 to ${itemsMax} ${what}`;

const oneOf =
  (...values: readonly string[]): Check =>
  (value) =>
    values.includes(value as string) ? undefined : `must be one of ${values.join(", ")}`;

const whole =
  (min: number, max: number): Check =>
  (value) =>
    Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max
      ? undefined
      : `must be a whole number from ${min} to ${max}`;

const flag: Check = (value) => (typeof value === "boolean" ? undefined : "must be true or false");
const moment: Check = (value) => (isMoment(value) ? undefined : "must be a moment (RFC 3339)");
const optional =
  (check: Check): Check =>
  (value) =>
    value === null || value === undefined ? undefined : check(value);

const link: Check = (value) =>
  typeof value === "string" && value.length <= 500 && /^(?:https:\/\/|\/)[\x21-\x7e]*$/.test(value) && !/["<>]/.test(value)
    ? undefined
    : "must be an https address";

const renames: Check = (value) => {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return "must be an object: field → name";
  const pairs = Object.entries(value);
  const fits = pairs.every(
    ([from, to]) =>
      fieldPath.test(from) && typeof to === "string" && fieldName.test(to) && !forbiddenNames.has(to) && !from.endsWith(".id"),
  );
  if (!fits || pairs.length === 0 || pairs.length > itemsMax) return "must name fields (service.resource.field) and new names";
  const named = pairs.map(([from, to]) => `${from.slice(0, from.lastIndexOf("."))}.${String(to)}`);
  return new Set(named).size === named.length ? undefined : "gives one name to two fields";
};

const checks: { readonly [K in PolicyKind]: Readonly<Record<keyof PolicySettings[K] & string, Check>> } = {
  ipAllow: { networks: list(isNetwork, "addresses or networks (CIDR)") },
  ipDeny: { networks: list(isNetwork, "addresses or networks (CIDR)") },
  authenticationStrength: {
    accepted: list((text) => (authentications as readonly string[]).includes(text), `of ${authentications.join(", ")}`),
    secondFactorWithinSeconds: optional(whole(30, 86_400)),
  },
  operationSwitch: { isOn: flag },
  validation: { request: oneOf("strict", "lenient"), response: oneOf("off", "report", "enforce") },
  cors: { origins: list(isOrigin, "origins (https://host)"), allowCredentials: flag, maxAgeSeconds: whole(0, 7_200) },
  size: { requestBytesMax: whole(0, 2 ** 40) },
  cache: { maxAgeSeconds: whole(0, 31_536_000) },
  redaction: {
    fields: list((text) => fieldPath.test(text) && !text.endsWith(".id"), "fields (service.resource.field)"),
    mask: oneOf("removed", "hidden", "last4", "email"),
  },
  transformation: { rename: renames },
  deprecation: { deprecatedAt: moment, sunsetAt: optional(moment), link: optional(link) },
  maintenance: { until: optional(moment), retryAfterSeconds: whole(1, 86_400), allowsReads: flag },
  graphql: { introspection: flag, persistedOnly: flag },
};

export const policyKinds = Object.keys(checks) as readonly PolicyKind[];

const scopeChecks: Readonly<Record<keyof PolicyScope, Check>> = {
  environment: optional((value) =>
    typeof value === "string" && /^[a-z]{1,16}$/.test(value) ? undefined : "must be the name of an environment",
  ),
  operations: optional(list((text) => pattern.test(text), "patterns of operations (bank.accounts.*)")),
  plans: optional(list((text) => text.length <= 64, "ids of plans")),
  apps: optional(list((text) => text.length <= 64, "ids of apps")),
  roles: optional(list((text) => text.length <= 64, "roles")),
};

const checkAll = (place: string, value: unknown, by: Readonly<Record<string, Check>>): Record<string, string> => {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return { [place]: "must be an object" };
  const issues: Record<string, string> = {};
  for (const name of Object.keys(value)) if (!Object.hasOwn(by, name)) issues[`${place}.${name}`] = "is not known here";
  for (const [name, check] of Object.entries(by)) {
    const issue = check((value as Record<string, unknown>)[name]);
    if (issue !== undefined) issues[`${place}.${name}`] = issue;
  }
  return issues;
};

/** Checks a policy as somebody wrote it. */
export const checkPolicy = (given: {
  readonly kind: unknown;
  readonly settings: unknown;
  readonly scope?: unknown;
  readonly order?: unknown;
}): PolicyVerdict => {
  const { kind, settings, scope = {}, order = 0 } = given;
  if (!(policyKinds as readonly unknown[]).includes(kind))
    return { ok: false, issues: { kind: `must be one of ${policyKinds.join(", ")}` } };
  const issues: Record<string, string> = {
    ...checkAll("settings", settings, checks[kind as PolicyKind]),
    ...checkAll("scope", scope ?? {}, scopeChecks),
  };
  const wrongOrder = whole(-1_000, 1_000)(order);
  if (wrongOrder !== undefined) issues["order"] = wrongOrder;
  if (Object.keys(issues).length === 0) {
    const { origins, allowCredentials } = settings as Partial<PolicySettings["cors"]>;
    if (kind === "cors" && allowCredentials === true && origins?.includes("*") === true)
      issues["settings.allowCredentials"] = "cannot be true for any origin";
    const { deprecatedAt, sunsetAt } = settings as Partial<PolicySettings["deprecation"]>;
    if (kind === "deprecation" && typeof sunsetAt === "string" && Date.parse(sunsetAt) < Date.parse(deprecatedAt ?? ""))
      issues["settings.sunsetAt"] = "must not be before deprecatedAt";
  }
  if (Object.keys(issues).length > 0) return { ok: false, issues };
  return {
    ok: true,
    policy: {
      kind: kind as PolicyKind,
      settings: settings as PolicySettings[PolicyKind],
      scope: scope ?? {},
      order: order as number,
    },
  };
};
