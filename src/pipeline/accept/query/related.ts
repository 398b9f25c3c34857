/**
 * Other resources that a read reaches: by relations, and by filters and orders over them. Each is seen as its own read shows it, and what that read needs (scopes,
 * operations of a key, policies) is asked of the caller before anything is read; by the step `relate`.
 */
import type { Contract, Operation, ResourceContract } from "../../../contract/contract.ts";
import type { Caller } from "../../identity/caller.ts";
import { openingRoles } from "../../steps/authorize.ts";
import { type View, viewOf } from "../../view.ts";

/** A view with rows. */
export type OpenView = View & { readonly rule: Exclude<View["rule"], "none"> };

const hasRows = (view: View): view is OpenView => view.rule !== "none";

export class RelatedReads {
  readonly #contract: Contract | undefined;
  readonly #caller: Caller;
  #operations: Set<Operation> | undefined;

  constructor(contract: Contract | undefined, caller: Caller) {
    this.#contract = contract;
    this.#caller = caller;
  }

  /** The view on a resource that is read too, by the roles that open its `get` or `list`; undefined: the caller sees none of its rows. */
  view(target: ResourceContract, read: "get" | "list"): OpenView | undefined {
    const operation = this.#contract?.operations.get(`${target.name}.${read}`);
    if (operation === undefined) return undefined;
    const view = viewOf(target, openingRoles(operation, this.#caller.roles), this.#caller.redaction);
    if (!hasRows(view)) return undefined;
    (this.#operations ??= new Set()).add(operation);
    return view;
  }

  get operations(): readonly Operation[] {
    return this.#operations === undefined ? none : [...this.#operations];
  }
}

const none: readonly Operation[] = [];
