/**
 * The query string of a request: from raw text to what a list is asked for. The rules of WIRE.md, "Lists":
 *
 *   status=1&status=2&price>=500&customer.country=DE&filters=kids(ageFrom:3)&sortBy=name.desc&include=transfers(perPage:5)&envelope=false
 *
 * Parameters are separated by "&"; "+" is a space and percent-escapes are decoded (application/x-www-form-urlencoded). A parameter that may be
 * given once and comes twice is refused, one that is a set adds up. What looks like a credential refuses the request: an address is logged and
 * kept in histories. Never throws.
 */
import { isControl } from "../../contract/query.ts";
import { refuse } from "../../pipeline/refusal.ts";
import type { Refusal } from "../../pipeline/refusal.ts";
import { noQuery } from "./input.ts";
import type { RestLimits } from "./limits.ts";
import { QueryCollector } from "./query-collector.ts";
import type { CollectedQuery } from "./query-collector.ts";
import { readCondition } from "./query-parameter.ts";

const none: CollectedQuery = Object.freeze({ query: noQuery });

/** Names under which clients send keys, in lower case; `keyText` finds ours under any name. */
const credentialNames = new Set(["access_token", "api_key", "apikey", "x-api-key", "authorization", "bearer", "client_secret"]);
const keyText = /pons_[a-z]+_[0-9A-Za-z]/;

const decode = (text: string): string | undefined => {
  const spaced = text.includes("+") ? text.replaceAll("+", " ") : text;
  if (!spaced.includes("%")) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch {
    return undefined;
  }
};

/** Whether a parameter is, or holds, a credential; `api_key[eq]` is one as well. */
const isCredential = (name: string, value: string | undefined): boolean => {
  const [plain = ""] = name.toLowerCase().split("[");
  return credentialNames.has(plain) || keyText.test(value ?? name);
};

/**
 * Parses a raw query string (without its "?").
 * Refusals: 414 uri_too_long; 400 invalid_request (bad escape, too many parameters), credential_in_address. What is wrong with single
 * parameters is in `issues`.
 */
export const parseQueryString = (
  raw: string,
  limits: Pick<RestLimits, "queryLengthMax" | "parametersMax" | "nestingMax">,
): CollectedQuery | Refusal => {
  if (raw === "") return none;
  if (raw.length > limits.queryLengthMax) return refuse("uri_too_long", { details: { max: limits.queryLengthMax } });
  const parts = raw.split("&");
  if (parts.length > limits.parametersMax) {
    return refuse("invalid_request", {
      details: { explanation: "The address has too many parameters.", max: limits.parametersMax },
    });
  }
  const collector = new QueryCollector(limits);
  for (const part of parts) {
    if (part === "") continue;
    const equals = part.indexOf("=");
    const name = decode(equals === -1 ? part : part.slice(0, equals));
    const value = equals === -1 ? undefined : decode(part.slice(equals + 1));
    if (name === undefined || (equals !== -1 && value === undefined)) {
      return refuse("invalid_request", { details: { explanation: "The address has a malformed percent-escape." } });
    }
    if (isCredential(name, value)) return refuse("credential_in_address");
    if (isControl(name)) collector.control(name, value ?? "");
    else {
      const condition = readCondition(name, value);
      if ("unknownOperator" in condition) {
        collector.issue(condition.as, { code: "unknown_operator", params: { operator: condition.unknownOperator.slice(0, 50) } });
      } else if (condition.op === "eq" && isControl(condition.path) && value === undefined)
        collector.control(condition.path, condition.value);
      else collector.filter(condition, [condition.value]);
    }
  }
  return collector.collected();
};
