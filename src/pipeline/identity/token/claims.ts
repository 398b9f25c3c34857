/** Reading claims (RFC 7519 section 4.1, RFC 9068 section 2.2): every one is unknown until its form was looked at. */
import type { JsonObject } from "./jws.ts";
import { tokenLimits } from "./limits.ts";
import type { ClaimPath, Confirmation } from "./trust.ts";

/** Thrown by what reads a claim of a wrong form; `verifier.ts` turns it into a fault. */
export class WrongClaim extends Error {
  override readonly name = "WrongClaim";
}

/** The claim's value; undefined when it is not there. Only a token's own members count. */
export const claimAt = (claims: JsonObject, path: ClaimPath): unknown => {
  let value: unknown = claims;
  for (const name of typeof path === "string" ? [path] : path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as JsonObject)[name];
  }
  return value;
};

const isName = (value: unknown): value is string =>
  typeof value === "string" && value !== "" && value.length <= tokenLimits.nameLengthMax;

/** A text of 1 to 255 characters; null when the claim is not there. */
export const nameAt = (claims: JsonObject, path: ClaimPath): string | null => {
  const value = claimAt(claims, path);
  if (value === undefined || value === null) return null;
  if (!isName(value)) throw new WrongClaim(String(path));
  return value;
};

export const requiredNameAt = (claims: JsonObject, path: ClaimPath): string => {
  const value = nameAt(claims, path);
  if (value === null) throw new WrongClaim(String(path));
  return value;
};

/** A list of texts, or one text with spaces between them (`scope`); empty when the claim is not there. Each once. */
export const namesAt = (claims: JsonObject, path: ClaimPath): readonly string[] => {
  const value = claimAt(claims, path);
  if (value === undefined || value === null) return [];
  const names: unknown = typeof value === "string" ? value.split(" ").filter((name) => name !== "") : value;
  if (!Array.isArray(names) || names.length > tokenLimits.namesMax || !names.every(isName)) throw new WrongClaim(String(path));
  return [...new Set(names)];
};

/** `aud`: one text or a list of them. */
export const audiencesOf = (claims: JsonObject): readonly string[] => {
  const value = claimAt(claims, "aud");
  const audiences: unknown = typeof value === "string" ? [value] : value;
  const isList = Array.isArray(audiences) && audiences.length <= tokenLimits.namesMax;
  if (!isList || !audiences.every((one) => typeof one === "string")) throw new WrongClaim("aud");
  return audiences;
};

/** The last moment a Date can hold: a NumericDate beyond it means nothing. */
const numericDateMax = 8.64e12;

/** Milliseconds since the epoch of a NumericDate (RFC 7519 section 2); undefined when the claim is not there. */
export const momentAt = (claims: JsonObject, name: "exp" | "nbf" | "iat"): number | undefined => {
  const value = claimAt(claims, name);
  if (value === undefined) return undefined;
  if (typeof value !== "number" || !(value >= 0 && value <= numericDateMax)) throw new WrongClaim(name);
  return value * 1000;
};

/** A SHA-256 in base64url. */
const thumbprintForm = /^[A-Za-z0-9_-]{43}$/;

/**
 * `cnf`. A token that is bound by a method that is not known here is one that cannot be checked: `unknown`, and nothing of it counts, other than
 * RFC 7800 section 3.1 would allow.
 */
export const confirmationOf = (claims: JsonObject): Confirmation | "unknown" | undefined => {
  const value = claimAt(claims, "cnf");
  if (value === undefined) return undefined;
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new WrongClaim("cnf");
  const { jkt, "x5t#S256": x5tS256, ...others } = value as JsonObject;
  if (Object.keys(others).length > 0 || (jkt === undefined && x5tS256 === undefined)) return "unknown";
  for (const thumbprint of [jkt, x5tS256])
    if (thumbprint !== undefined && !(typeof thumbprint === "string" && thumbprintForm.test(thumbprint)))
      throw new WrongClaim("cnf");
  return {
    ...(jkt === undefined ? {} : { jkt: jkt as string }),
    ...(x5tS256 === undefined ? {} : { x5tS256: x5tS256 as string }),
  };
};
