/**
 * Errors of an answer: refusals with their type, as every channel tells it, at the place in the answer where something is missing.
 * The message names what is wrong with single values too, since most clients show nothing else of an error.
 *
 *   { "message": "There is no such account.", "locations": [{ "line": 1, "column": 3 }], "path": ["account"],
 *     "extensions": { "type": "not_found", "status": 404, "requestId": "…" } }
 */
import { type FieldNode, getLocation } from "graphql";
import type { Refusal } from "../../pipeline/refusal.ts";
import type { ToldRefusal } from "../../pipeline/told.ts";
import { graphqlLimits } from "./limits.ts";

/** A place in an answer, from its end. */
export interface Path {
  readonly before: Path | undefined;
  readonly key: string | number;
}

export const under = (before: Path | undefined, key: string | number): Path => ({ before, key });

const keysOf = (path: Path): (string | number)[] => {
  const keys: (string | number)[] = [];
  for (let at: Path | undefined = path; at !== undefined; at = at.before) keys.push(at.key);
  return keys.toReversed();
};

export interface AnswerError {
  readonly message: string;
  readonly locations?: readonly { readonly line: number; readonly column: number }[];
  readonly path?: readonly (string | number)[];
  readonly extensions: Readonly<Record<string, unknown>>;
}

/** What is told of a refusal beside its message. */
export const extensionsOf = ({ error, data }: ToldRefusal, { retryAfter }: Refusal): Readonly<Record<string, unknown>> => ({
  type: error.type,
  status: error.code,
  requestId: error.requestId,
  ...(error.details === undefined ? {} : { details: error.details }),
  ...(data === undefined ? {} : { issues: data }),
  ...(retryAfter === undefined ? {} : { retryAfter }),
});

/** The errors of one answer, at most so many. */
export class Errors {
  readonly list: AnswerError[] = [];
  /** Fields of selections that were told of: each is told of once, where it is missing first. */
  readonly #withheld = new Set<FieldNode>();

  add(node: FieldNode, path: Path, message: string, extensions: Readonly<Record<string, unknown>>): void {
    if (this.list.length >= graphqlLimits.errorsMax) return;
    const { loc } = node;
    this.list.push({
      message,
      ...(loc === undefined ? {} : { locations: [getLocation(loc.source, loc.start)] }),
      path: keysOf(path),
      extensions,
    });
  }

  /** Whether a field that the caller may not read is to be told of. */
  isFirst(node: FieldNode): boolean {
    if (this.#withheld.has(node)) return false;
    this.#withheld.add(node);
    return true;
  }
}
