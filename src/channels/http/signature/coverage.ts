/** Which parts of a request a signature answers for. */
import type { Component } from "./component.ts";

export interface Coverage {
  readonly hasMethod: boolean;
  /** The whole address: `@target-uri`, or `@authority`, `@path` and `@query`. */
  readonly hasAddress: boolean;
  readonly hasDigest: boolean;
}

/** Only whole values of this very message count: a member of Content-Digest, or a parameter of the query, is a part. */
export const coverageOf = (components: readonly Component[]): Coverage => {
  const names = new Set(components.filter(({ isPlain }) => isPlain).map(({ name }) => name));
  return {
    hasMethod: names.has("@method"),
    hasAddress: names.has("@target-uri") || ["@authority", "@path", "@query"].every((name) => names.has(name)),
    hasDigest: names.has("content-digest"),
  };
};
