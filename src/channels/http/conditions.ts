/** Headers, or metadata, that a call brings beside its body: the same on every channel. */
import { stemOfTag } from "../../pipeline/entity-tag.ts";
import { type Refusal, refuse } from "../../pipeline/refusal.ts";
import { parseTagCondition } from "./etag.ts";
import { parseIdempotencyKey } from "./idempotency-key.ts";

export interface Conditions {
  readonly idempotencyKey?: string;
  readonly ifMatch?: readonly string[];
}

const none: Conditions = Object.freeze({});

/** `idempotency-key` and `if-match`, of whatever reads headers by their names. Refusals: 400 invalid_header for what is malformed: a condition that is not understood must not be ignored. */
export const conditionsOf = (header: (name: string) => string | null | undefined): Conditions | Refusal => {
  const keyHeader = header("idempotency-key") ?? null;
  const matchHeader = header("if-match") ?? null;
  if (keyHeader === null && matchHeader === null) return none;
  const conditions: { idempotencyKey?: string; ifMatch?: readonly string[] } = {};
  if (keyHeader !== null) {
    const parsed = parseIdempotencyKey(keyHeader);
    if ("error" in parsed) return refuse("invalid_header", { details: { header: "Idempotency-Key", reason: parsed.error } });
    conditions.idempotencyKey = parsed.key;
  }
  if (matchHeader !== null) {
    const tags = tagsOf(matchHeader);
    if (tags === undefined) return refuse("invalid_header", { details: { header: "If-Match" } });
    conditions.ifMatch = tags;
  }
  return conditions;
};

/** Tags of `If-Match`; undefined: malformed. A weak tag never matches (RFC 9110 section 13.1.1). */
export const tagsOf = (text: string): readonly string[] | undefined => {
  const parsed = parseTagCondition(text);
  if (parsed === undefined) return undefined;
  return parsed === "*" ? ["*"] : parsed.filter(({ isWeak }) => !isWeak).map(({ tag }) => stemOfTag(`"${tag}"`));
};
