/**
 * Credentials of a request: `Authorization: Bearer pons_…` or `X-Api-Key: pons_…`. Whether a key is known is for the pipeline to say.
 * Refusals: 400 invalid_header when the two headers (or two of one kind) contradict each other; 401 for a scheme that is not served here.
 */
import type { Credentials } from "../../pipeline/call.ts";
import { refuse } from "../../pipeline/refusal.ts";
import type { Refusal } from "../../pipeline/refusal.ts";

const none: Credentials = Object.freeze({ kind: "none" });
/** RFC 6750 section 2.1: b64token. A joined pair of two headers ("a, b") does not match. */
const bearer = /^bearer +([\w\-.~+/]+=*) *$/i;
const keyText = /^[\w\-.~+/]+=*$/;
const lengthMax = 4096;

const contradictory = (header: string): Refusal =>
  refuse("invalid_header", { details: { explanation: "The request has two different keys, or a malformed one.", header } });

/** Which key the request carries; `null` stands for a missing header. */
export const credentialsOf = (authorization: string | null, apiKey: string | null): Credentials | Refusal => {
  if (authorization === null && apiKey === null) return none;
  if ((authorization?.length ?? 0) > lengthMax || (apiKey?.length ?? 0) > lengthMax) return contradictory("Authorization");
  if (apiKey !== null && !keyText.test(apiKey)) return contradictory("X-Api-Key");
  if (authorization === null) return { kind: "key", secret: apiKey as string };
  const token = bearer.exec(authorization)?.[1];
  if (token === undefined) {
    return /^bearer\b/i.test(authorization)
      ? contradictory("Authorization")
      : refuse("invalid_credentials", { details: { scheme: "Bearer" } });
  }
  return apiKey !== null && apiKey !== token ? contradictory("X-Api-Key") : { kind: "key", secret: token };
};
