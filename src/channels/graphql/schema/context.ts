/** What the parts of a schema are made from and share. */
import type { Contract, Operation } from "../../../contract/contract.ts";
import type { Deprecations } from "./deprecations.ts";
import type { Enums } from "./enums.ts";
import type { Names } from "./names.ts";

export interface SchemaContext {
  /** The service in the words of the version. */
  readonly contract: Contract;
  /** The operation that is called for: the newest version's, of the same name. */
  newest(name: string): Operation | undefined;
  readonly names: Names;
  readonly enums: Enums;
  readonly deprecations: Deprecations;
}

/** A description, where there is one. */
export const described = (doc: string | undefined): { readonly description?: string } =>
  doc === undefined || doc === "" ? {} : { description: doc };
