/** The control plane as `pons apply` and `pons export` use it: over HTTP with a key, or on the database itself as its administrator. */
import type { Row } from "../../store/index.ts";

/** A no of the control plane. */
export interface Refused {
  readonly status: number;
  readonly type: string;
  readonly message: string;
  /** Field path → sentences. */
  readonly fields: Readonly<Record<string, readonly string[]>>;
}

export type Answer = { readonly ok: true; readonly data: unknown } | { readonly ok: false; readonly refused: Refused };

export interface ControlPlane extends AsyncDisposable {
  /** Every row of a resource, as it is presented. Throws `CommandError` where it may not be read. */
  list(resource: string): Promise<readonly Row[]>;
  call(operation: string, input: { readonly id?: string; readonly body?: unknown }): Promise<Answer>;
}

/** Most rows of one resource that are read. */
export const rowsMax = 20_000;
export const pageSize = 100;
