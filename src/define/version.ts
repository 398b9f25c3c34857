/**
 * Older versions are not kept as code: each is the next newer one and a list of declared changes, applied to input on the way in and to answers on
 * the way out. A change says what the *newer* version did.
 *
 *   renamed("accounts", { from: "title", to: "name" })        older clients say `title`
 *   added("accounts", "iban")                                 older clients neither see nor send it
 *   removed("accounts", "branch", { field: t.string(), value: () => "main" })   older clients still see it
 *   retyped("accounts", "balance", { field: t.decimal(), up: fromOld, down: toOld })   another form of the same value
 */
import type { Field } from "./field.ts";

export type VersionChange =
  | { readonly change: "renamed"; readonly resource: string; readonly from: string; readonly to: string }
  | { readonly change: "added"; readonly resource: string; readonly field: string; readonly default?: unknown }
  | {
      readonly change: "removed";
      readonly resource: string;
      readonly field: string;
      readonly as: Field;
      readonly value: (row: Readonly<Record<string, unknown>>) => unknown;
    }
  | {
      readonly change: "retyped";
      readonly resource: string;
      readonly field: string;
      readonly as: Field;
      readonly up: (old: never) => unknown;
      readonly down: (current: never, row: Readonly<Record<string, unknown>>) => unknown;
    };

export interface VersionDefinition {
  readonly name: string;
  readonly changes: readonly VersionChange[];
  /** Dates, "YYYY-MM-DD": from when it is deprecated (RFC 9745) and from when it is gone (RFC 8594). */
  readonly deprecated?: string;
  readonly sunset?: string;
  /** Path or URL of the guide to the newer version. */
  readonly guide?: string;
}

export const version = (name: string, spec: Omit<VersionDefinition, "name">): VersionDefinition => ({ name, ...spec });

/** The newer version calls a field `to`; older clients know it as `from`. */
export const renamed = (resource: string, spec: { readonly from: string; readonly to: string }): VersionChange => ({
  change: "renamed",
  resource,
  ...spec,
});

/** The newer version has a field more; creates by older clients use `default` (or the field's own). */
export const added = (resource: string, field: string, spec: { readonly default?: unknown } = {}): VersionChange => ({
  change: "added",
  resource,
  field,
  ...spec,
});

/** The newer version dropped a field; older clients still read `value(row)`. What they send for it is checked and ignored. */
export const removed = (
  resource: string,
  field: string,
  spec: { readonly field: Field; readonly value: (row: Readonly<Record<string, unknown>>) => unknown },
): VersionChange => ({ change: "removed", resource, field, as: spec.field, value: spec.value });

/** The newer version has another type for a field. `up` and `down` translate values as the wire writes them. */
export const retyped = <Old = never, New = never>(
  resource: string,
  field: string,
  spec: {
    readonly field: Field;
    readonly up: (old: Old) => unknown;
    readonly down: (current: New, row: Readonly<Record<string, unknown>>) => unknown;
  },
): VersionChange => ({ change: "retyped", resource, field, as: spec.field, up: spec.up, down: spec.down });
