/**
 * The policies of each tenant as a node has them: read when first asked for, and again as soon as one of them changes anywhere. A policy that does not
 * fit is told of and left out, in favour of the last one of the same id that did; nothing that is read can take down what is in force.
 */
import type { ResourceContract } from "../../contract/contract.ts";
import { checkPolicy, type Policy } from "../../define/policy.ts";
import { andThen } from "../../pipeline/condition.ts";
import type { Directory } from "../../pipeline/identity/directory.ts";
import type { MaybePromise, Row, RowsShape, Store } from "../../store/store.ts";

export interface PolicySet {
  readonly policies: readonly Policy[];
  /** Counts readings: what was reckoned from an older one no longer counts. */
  readonly version: number;
}

interface Kept {
  readonly set: PolicySet;
  readonly readMs: number;
  readonly byId: ReadonlyMap<string, Policy>;
  isStale: boolean;
}

/** Policies of a tenant. */
const policiesMax = 1_000;
/** While changes cannot be heard of, what is kept is read again after so long. */
const trustedMsMax = 900;
const tenantsMax = 20_000;

export class PolicySets {
  readonly #store: Store;
  readonly #directory: Directory;
  readonly #shape: RowsShape;
  readonly #onError: (error: unknown) => void;
  readonly #kept = new Map<number, Kept>();
  #version = 0;
  /** Number of the last change heard of, by realm: a reading that began before it is not kept. */
  readonly #changed = new Map<number, number>();
  #changes = 0;

  constructor(
    store: Store,
    options: { readonly directory: Directory; readonly policies: ResourceContract; readonly onError?: (error: unknown) => void },
  ) {
    this.#store = store;
    this.#directory = options.directory;
    this.#onError = options.onError ?? (() => undefined);
    this.#shape = {
      kind: "rows",
      key: "pons.policies.all",
      table: options.policies.table,
      joins: [],
      links: [],
      params: [],
      select: ["id", "kind", "settings", "scope", "order", "enabled"],
      order: [{ path: ["id"], direction: "asc" }],
    };
    options.directory.onChange((changed) => {
      for (const { kind, owner } of changed) {
        if (kind !== "policy") continue;
        this.#changed.set(owner, ++this.#changes);
        const kept = this.#kept.get(owner);
        if (kept !== undefined) kept.isStale = true;
      }
    });
  }

  /** The policies in force of a tenant, by the realm of what belongs to it as a whole. */
  of(realm: number): MaybePromise<PolicySet> {
    const kept = this.#kept.get(realm);
    if (kept !== undefined && this.#isCurrent(kept)) return kept.set;
    return this.#read(realm, kept);
  }

  #isCurrent(kept: Kept): boolean {
    if (kept.isStale) return false;
    return this.#directory.isLive() || performance.now() - kept.readMs < trustedMsMax;
  }

  #read(realm: number, old: Kept | undefined): MaybePromise<PolicySet> {
    const readMs = performance.now();
    const began = this.#changes;
    const reading = this.#store.read(this.#shape, [{ realm, params: [], limit: policiesMax }]);
    return andThen(reading, ([rows = []]) => {
      const byId = new Map<string, Policy>();
      for (const row of rows) {
        const policy = this.#policyOf(row) ?? old?.byId.get(row["id"] as string);
        if (policy !== undefined && row["enabled"] === true) byId.set(policy.id, policy);
      }
      const policies = [...byId.values()].toSorted((a, b) => a.order - b.order || (a.id < b.id ? -1 : 1));
      const isSame = old !== undefined && Bun.deepEquals(old.set.policies, policies);
      const set = isSame ? old.set : { policies, version: ++this.#version };
      if (this.#kept.size >= tenantsMax) this.#kept.clear();
      this.#kept.set(realm, { set, readMs, byId, isStale: (this.#changed.get(realm) ?? 0) > began });
      return set;
    });
  }

  #policyOf(row: Row): Policy | undefined {
    const { id, kind, settings, scope, order } = row as Record<string, unknown>;
    const verdict = checkPolicy({ kind, settings, scope: scope ?? {}, order: order ?? 0 });
    if (verdict.ok) return { id: id as string, ...verdict.policy };
    this.#onError(new Error(`policy ${String(id)} does not fit and is left out: ${JSON.stringify(verdict.issues)}`));
    return undefined;
  }
}
