/**
 * What versions translate, as channels carry it: the parts of a query and of a refusal that name fields. The pipeline's own types have the same
 * shape (src/pipeline/call.ts, refusal.ts); they stand here because the contract knows nothing of the pipeline.
 */

import type { Issue, Issues } from "../issue.ts";

export type { Issue, Issues };

export interface Filter {
  readonly path: string;
  readonly op: "eq" | "ne" | "lt" | "lte" | "gt" | "gte" | "contains" | "startsWith" | "null";
  readonly values: readonly unknown[];
  /** How the caller wrote it. */
  readonly as: string;
}

export interface Include {
  readonly name: string;
  readonly perPage?: unknown;
  readonly sortBy?: readonly string[];
  readonly include?: readonly Include[];
}

/** The parts of a query that name fields; the others pass as they are. */
export interface Query {
  readonly filters?: readonly Filter[];
  readonly sortBy?: readonly string[];
  readonly fields?: readonly string[];
  readonly include?: readonly Include[];
}

/** The parts of a refusal that name fields. */
export interface Refusal {
  readonly issues?: Issues;
  readonly details?: Readonly<Record<string, unknown>>;
}

export type Translated<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly issues: Issues };
