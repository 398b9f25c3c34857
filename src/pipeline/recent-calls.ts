/**
 * The calls that this node has answered lately, by tenant, in memory: what a draft of a policy is tried on. Nothing of their content is kept.
 * Bounds: 1,000 calls of a tenant, 100 tenants; the one that called least lately is forgotten first.
 */
import type { RecentCall } from "../define/recent-call.ts";
import type { CallContext, RunOutcome } from "./context.ts";

const callsMax = 1_000;
const tenantsMax = 100;

/** A ring of the last calls of one tenant. */
interface Ring {
  readonly calls: RecentCall[];
  next: number;
}

export class RecentCalls {
  readonly #rings = new Map<string, Ring>();
  readonly #now: () => string;

  constructor(now: () => string) {
    this.#now = now;
  }

  /** Remembers a call that was answered; one whose caller is unknown is not remembered. */
  count({ call, caller, operation }: CallContext, outcome: RunOutcome): void {
    if (caller === undefined) return;
    const { tenant, environment, app, user, roles } = caller;
    const ring = this.#ringOf(tenant);
    ring.calls[ring.next] = {
      at: this.#now(),
      environment,
      operation: `${operation.service}.${operation.name}`,
      kind: operation.kind,
      plan: caller.plan ?? null,
      app,
      user,
      roles,
      authentication: caller.authentication ?? null,
      verifiedAt: caller.verifiedAt ?? null,
      address: call.address ?? call.peer?.address ?? null,
      status: outcome.ok ? outcome.status : outcome.refusal.status,
    };
    ring.next = (ring.next + 1) % callsMax;
  }

  /** Calls of a tenant, newest first. */
  of(tenant: string, max: number): readonly RecentCall[] {
    const ring = this.#rings.get(tenant);
    if (ring === undefined) return [];
    const { calls, next } = ring;
    const newestFirst = [...calls.slice(next), ...calls.slice(0, next)].toReversed();
    return newestFirst.slice(0, Math.max(0, max));
  }

  #ringOf(tenant: string): Ring {
    const known = this.#rings.get(tenant);
    const ring = known ?? { calls: [], next: 0 };
    // The order of a map is that of insertion: who called last stands last.
    this.#rings.delete(tenant);
    if (known === undefined && this.#rings.size >= tenantsMax) {
      const [eldest] = this.#rings.keys();
      if (eldest !== undefined) this.#rings.delete(eldest);
    }
    this.#rings.set(tenant, ring);
    return ring;
  }
}
