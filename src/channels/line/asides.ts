/** Pairs about a request: `@Tag`, `@IdempotencyKey`. What HTTP has as headers and as parameters of a list. */

const names = [
  "tag",
  "requestId",
  "traceParent",
  "language",
  "service",
  "version",
  "tenant",
  "actFor",
  "reason",
  "idempotencyKey",
  "ifMatch",
  "parent",
  "page",
  "perPage",
  "cursor",
  "count",
  "sortBy",
  "fields",
  "include",
  "filters",
] as const;

export type Aside = (typeof names)[number];

/** By their titles in lower case. */
export const asideNames: ReadonlyMap<string, Aside> = new Map(names.map((name) => [name.toLowerCase(), name]));

/** Those that may be there several times: lists. */
export const repeatedAsides: ReadonlySet<Aside> = new Set(["sortBy", "fields", "include", "filters"]);

/** What may be said for all lines that follow. */
export const keptAsides = ["service", "version", "language", "tenant", "actFor", "reason"] as const satisfies readonly Aside[];

/** Headers that refusals name, and the pairs that stand for them here. */
export const asidesOfHeaders: Readonly<Record<string, Aside>> = {
  "Idempotency-Key": "idempotencyKey",
  "If-Match": "ifMatch",
  "Pons-Tenant": "tenant",
  "Pons-Act-For": "actFor",
  "Pons-Reason": "reason",
};

/** `@IdempotencyKey`. */
export const titleOfAside = (name: Aside): string => `@${name[0]?.toUpperCase() ?? ""}${name.slice(1)}`;
