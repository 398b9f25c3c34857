/**
 * What callers of one app have alike in a service: plan, products, roles. What is reckoned of that alone (terms of a plan, policies) is reckoned once for all
 * keys of the app, and kept once.
 */
import type { Caller } from "./caller.ts";
import type { DirectoryRecord } from "./directory.ts";

export interface Standing {
  /** Entries that it follows from: another reading of one of them is another standing. */
  readonly deps: readonly DirectoryRecord[];
}

/** Standings of one app. */
const standingsMax = 1_000;

const standings = new WeakMap<Caller, Standing>();

/** The same object for callers who stand alike; the caller himself where nobody is known to. */
export const standingOf = (caller: Caller): Standing | Caller => standings.get(caller) ?? caller;

const areSame = (one: readonly DirectoryRecord[], other: readonly DirectoryRecord[]): boolean =>
  one.length === other.length && one.every((record, index) => record === other[index]);

/** Finds who stands alike. */
export class Standings {
  readonly #byApp = new WeakMap<DirectoryRecord, Map<string, Standing>>();

  /** Notes how a caller stands towards a service. `deps`: the entries of products and plans that make him stand so. */
  note(caller: Caller, service: string, { app, deps }: { readonly app: DirectoryRecord } & Standing): void {
    let known = this.#byApp.get(app);
    if (known === undefined) this.#byApp.set(app, (known = new Map()));
    const text = JSON.stringify([service, caller.tenant, caller.environment, caller.plan ?? null, caller.roles]);
    let standing = known.get(text);
    if (standing === undefined || !areSame(standing.deps, deps)) {
      if (known.size >= standingsMax) known.clear();
      known.set(text, (standing = { deps }));
    }
    standings.set(caller, standing);
  }
}
