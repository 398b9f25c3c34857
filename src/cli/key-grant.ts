/** Options of `pons keys create` → what is granted. Every word is checked before anything is written. */
import { newApiKey } from "../pipeline/identity/api-key.ts";
import { readDateTime } from "../contract/values/times.ts";
import type { Grant } from "../host/keys.ts";
import type { Definitions } from "./surroundings.ts";
import type { OptionValues } from "./command.ts";
import { CommandError } from "./exit-code.ts";
import { didYouMean } from "./nearest.ts";

/** As host names have it: a tenant may become one. */
const tenantForm = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
/** It stands in the key. */
const environmentForm = /^[a-z]{1,16}$/;
const textLengthMax = 200;
/** Letters, digits, punctuation and spaces; nothing that could break a line or a log. */
const textForm = /^[^\p{C}\p{Zl}\p{Zp}]+$/u;

const usage = (message: string, advice = "See: pons help keys"): CommandError =>
  new CommandError("usage", `keys: ${message}`, { advice });

const required = (options: OptionValues, name: string, form: RegExp, expected: string): string => {
  const value = options.text(name);
  if (value === undefined) throw usage(`--${name} is missing: ${expected}`);
  if (!form.test(value)) throw usage(`--${name} is ${JSON.stringify(value)}: expected ${expected}`);
  return value;
};

const optional = (options: OptionValues, name: string): string | null => {
  const value = options.text(name);
  if (value === undefined) return null;
  if (value.length <= textLengthMax && textForm.test(value)) return value;
  throw usage(`--${name} is ${JSON.stringify(value)}: expected text of 1 to ${textLengthMax} characters`);
};

/** Roles that a key may have: of every service by name (`teller`), of one service (`bank:teller`); those of the control plane only so (`platform:admin`). */
const grantable = ({ definition: { name, roles, rowsOf } }: Definitions["services"][number]) => {
  const own = Object.keys(roles).filter((role) => role !== "anyone" && role !== "system");
  const qualified = own.map((role) => `${name}:${role}`);
  return rowsOf === "tenant" ? { shown: qualified, taken: qualified } : { shown: own, taken: [...own, ...qualified] };
};

const rolesOf = (options: OptionValues, { services }: Pick<Definitions, "services">): readonly string[] => {
  const all = services.map(grantable);
  const known = [...new Set(all.flatMap(({ shown }) => shown))].toSorted();
  const taken = new Set(all.flatMap((one) => one.taken));
  const roles = [...new Set(options.texts("roles").flatMap((text) => text.split(",")))].filter((role) => role !== "");
  if (roles.length === 0) throw usage(`--roles is missing: expected some of ${known.join(", ")}`);
  for (const role of roles)
    if (!taken.has(role)) throw usage(`there is no role ${role}: there are ${known.join(", ")}`, didYouMean(role, known));
  return roles.toSorted();
};

const expiryOf = (options: OptionValues, nowMs: number): string | undefined => {
  const value = options.text("expires");
  if (value === undefined) return undefined;
  const moment = readDateTime(value.length === 10 ? `${value}T00:00:00Z` : value, true);
  const expected = "a day (2027-12-31) or a moment (2027-12-31T12:00:00Z) that is to come";
  if (typeof moment !== "string" || Date.parse(moment) <= nowMs)
    throw usage(`--expires is ${JSON.stringify(value)}: expected ${expected}`);
  return moment;
};

/** A new key and what it may do. Throws `CommandError` "usage". */
export const grantFrom = (options: OptionValues, definitions: Pick<Definitions, "services">, nowMs: number): Grant => {
  const tenant = required(options, "tenant", tenantForm, "small letters, digits and hyphens, 1 to 63");
  const environment = required(options, "environment", environmentForm, "1 to 16 small letters, such as live");
  const expiresAt = expiryOf(options, nowMs);
  return {
    key: newApiKey(environment),
    tenant,
    environment,
    app: optional(options, "app"),
    user: optional(options, "user"),
    subject: optional(options, "subject"),
    roles: rolesOf(options, definitions),
    ...(expiresAt === undefined ? {} : { expiresAt }),
  };
};
