/**
 * Jobs: calls that go on after their request was answered with 202 (`Prefer: respond-async`), to be polled at `/{service}/{version}/jobs/{id}`.
 *
 * A job belongs to the key that started it; for every other caller it does not exist. Outcomes are kept in the memory of this process: not for
 * longer than `jobMsMax`, not beyond `jobBytesMax` in all (the oldest go first), and not over a restart. What was executed is durable all the
 * same; a client that must know sends an idempotency key and repeats the call. Where there is no room for another job, none is made, and the
 * call is answered when it is done, as RFC 7240 section 4.1 allows.
 */
import type { RestLimits } from "./limits.ts";
import type { Verdict } from "./verdict.ts";

/** What a caller sees of a job. */
export interface JobState {
  readonly id: string;
  readonly status: "running" | "done";
  readonly createdAt: string;
  readonly finishedAt?: string;
  /** What the call would have answered. */
  readonly outcome?: Verdict;
}

interface Job {
  readonly id: string;
  readonly owner: string;
  readonly createdMs: number;
  finishedMs: number | undefined;
  outcome: Verdict | undefined;
  bytes: number;
}

const timeOf = (ms: number): string => new Date(ms).toISOString();

const stateOf = (job: Job): JobState => {
  const base = { id: job.id, createdAt: timeOf(job.createdMs) };
  if (job.finishedMs === undefined || job.outcome === undefined) return { ...base, status: "running" };
  return { ...base, status: "done", finishedAt: timeOf(job.finishedMs), outcome: job.outcome };
};

/** The jobs of one process. */
export class Jobs {
  readonly #limits: Pick<RestLimits, "jobsMax" | "jobsPerCallerMax" | "jobMsMax" | "jobBytesMax">;
  readonly #now: () => number;
  /** In order of their start. */
  readonly #jobs = new Map<string, Job>();
  #bytes = 0;

  constructor(limits: Pick<RestLimits, "jobsMax" | "jobsPerCallerMax" | "jobMsMax" | "jobBytesMax">, now: () => number) {
    this.#limits = limits;
    this.#now = now;
  }

  /** Whether `owner` may start another job now. */
  hasRoom(owner: string): boolean {
    this.#sweep();
    if (this.#jobs.size >= this.#limits.jobsMax) return false;
    let own = 0;
    for (const job of this.#jobs.values()) if (job.owner === owner) own++;
    return own < this.#limits.jobsPerCallerMax;
  }

  /** Keeps `work`, which never rejects, as a job. A refused identity (401) leaves no job behind. */
  start(owner: string, work: Promise<Verdict>): JobState {
    const job: Job = {
      id: `job_${crypto.randomUUID().replaceAll("-", "")}`,
      owner,
      createdMs: this.#now(),
      finishedMs: undefined,
      outcome: undefined,
      bytes: 0,
    };
    this.#jobs.set(job.id, job);
    void work.then((outcome) => this.#finish(job, outcome));
    return stateOf(job);
  }

  find(owner: string, id: string): JobState | undefined {
    this.#sweep();
    const job = this.#jobs.get(id);
    return job === undefined || job.owner !== owner ? undefined : stateOf(job);
  }

  #finish(job: Job, outcome: Verdict): void {
    if (outcome.status === 401) return this.#remove(job);
    job.finishedMs = this.#now();
    job.outcome = outcome;
    job.bytes = JSON.stringify(outcome).length * 2;
    this.#bytes += job.bytes;
    for (const oldest of this.#jobs.values()) {
      if (this.#bytes <= this.#limits.jobBytesMax) return;
      if (oldest.finishedMs !== undefined && oldest !== job) this.#remove(oldest);
    }
  }

  #sweep(): void {
    const before = this.#now() - this.#limits.jobMsMax;
    for (const job of this.#jobs.values()) if (job.finishedMs !== undefined && job.finishedMs < before) this.#remove(job);
  }

  #remove(job: Job): void {
    this.#bytes -= job.bytes;
    this.#jobs.delete(job.id);
  }
}
