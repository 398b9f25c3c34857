/**
 * The fields RateLimit-Policy and RateLimit of an answer (draft-ietf-httpapi-ratelimit-headers-11), lists of RFC 9651:
 *
 *   RateLimit-Policy: "burst";q=100;w=10, "monthly";q=1000000;w=2592000
 *   RateLimit: "burst";r=12;t=9, "monthly";r=731044;t=190800
 *
 * The limit that leaves least comes first. A limit without a window has neither `w` nor `t`.
 */
import type { LimitState } from "./rule.ts";

export interface RateLimitFields {
  /** Of RateLimit-Policy. */
  readonly policy: string;
  /** Of RateLimit. */
  readonly limit: string;
}

/** RFC 9651 section 3.3.1: an integer has up to 15 digits. */
const integerMax = 999_999_999_999_999;
const remembered = 1_000;

/** What is the same in all answers of a plan. */
interface Policy {
  readonly states: readonly LimitState[];
  /** Quoted, in the order of `states`. */
  readonly names: readonly string[];
  readonly text: string;
}

export class RateLimitFormatter {
  /** By the name that comes first: what was written last for it. */
  readonly #policies = new Map<string, Policy>();

  /**
   * Undefined where there are no limits. `retryAfterSeconds`: of a denied call; Retry-After is then not earlier than any `t`: a limit that is
   * whole only later is left out of RateLimit.
   */
  format(states: readonly LimitState[], retryAfterSeconds?: number): RateLimitFields | undefined {
    if (states.length === 0) return undefined;
    const sorted = sortedStates(states);
    const { names, text } = this.#policy(sorted);
    let limit = "";
    for (let index = 0; index < sorted.length; index++) {
      const { windowSeconds, remaining, resetSeconds } = sorted[index] as LimitState;
      if (retryAfterSeconds !== undefined && resetSeconds > retryAfterSeconds) continue;
      const time = windowSeconds > 0 ? `;t=${integer(Math.ceil(resetSeconds))}` : "";
      limit += `${limit === "" ? "" : ", "}${names[index]};r=${integer(Math.floor(remaining))}${time}`;
    }
    return { policy: text, limit };
  }

  /** A plan's policy is the same in every answer, so what was written last is mostly what is wanted. */
  #policy(sorted: readonly LimitState[]): Policy {
    const first = sorted[0]?.name ?? "";
    const last = this.#policies.get(first);
    if (last !== undefined && isSamePolicy(last.states, sorted)) return last;
    const names = sorted.map(({ name }) => quoted(name));
    const text = sorted
      .map(({ quota, windowSeconds }, index) => {
        const window = windowSeconds > 0 ? `;w=${integer(Math.ceil(windowSeconds))}` : "";
        return `${names[index]};q=${integer(quota)}${window}`;
      })
      .join(", ");
    if (this.#policies.size >= remembered) this.#policies.clear();
    const policy: Policy = { states: sorted, names, text };
    this.#policies.set(first, policy);
    return policy;
  }
}

const share = ({ quota, remaining }: LimitState): number => (quota === 0 ? 0 : remaining / quota);

/** In a copy, by insertion: there are few. */
const sortedStates = (states: readonly LimitState[]): readonly LimitState[] => {
  const sorted = states.slice();
  for (let index = 1; index < sorted.length; index++) {
    const state = sorted[index] as LimitState;
    let place = index;
    for (; place > 0 && leastFirst(sorted[place - 1] as LimitState, state) > 0; place--)
      sorted[place] = sorted[place - 1] as LimitState;
    sorted[place] = state;
  }
  return sorted;
};

/** By the part that remains; of equals the one that is whole last. */
const leastFirst = (one: LimitState, other: LimitState): number =>
  share(one) - share(other) || other.resetSeconds - one.resetSeconds;

const integer = (value: number): number => Math.min(value, integerMax);

/** A string of RFC 9651 section 3.3.3. */
function quoted(name: string): string {
  if (plain.test(name)) return `"${name}"`;
  if (!printable.test(name)) throw new RangeError(`a limit's name must be printable ASCII: ${JSON.stringify(name)}`);
  return `"${name.replace(/["\\]/g, "\\$&")}"`;
}
const plain = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;
const printable = /^[\x20-\x7e]*$/;

const isSamePolicy = (one: readonly LimitState[], other: readonly LimitState[]): boolean => {
  if (one.length !== other.length) return false;
  for (let index = 0; index < one.length; index++) {
    const a = one[index] as LimitState;
    const b = other[index] as LimitState;
    if (a.name !== b.name || a.quota !== b.quota || a.windowSeconds !== b.windowSeconds) return false;
  }
  return true;
};
