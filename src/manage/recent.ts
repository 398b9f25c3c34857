/** Remembers calls for trials of policies: of many at the same moment a few, so that looking at each costs the busy ones nothing. */
import type { CallContext, RunOutcome } from "../pipeline/context.ts";
import type { RecentCalls } from "../pipeline/recent-calls.ts";
import type { Recorder } from "./gate.ts";

/** Between two calls that are remembered, in milliseconds. */
const betweenMs = 5;

export class RecentRecorder implements Recorder {
  readonly #calls: RecentCalls;
  #lastMs = Number.NEGATIVE_INFINITY;

  constructor(calls: RecentCalls) {
    this.#calls = calls;
  }

  count(context: CallContext, outcome: RunOutcome, elapsedMs: number): void {
    const nowMs = context.startedMs + elapsedMs;
    if (nowMs - this.#lastMs < betweenMs) return;
    this.#lastMs = nowMs;
    this.#calls.count(context, outcome);
  }
}
