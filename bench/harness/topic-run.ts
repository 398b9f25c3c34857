/** A topic is a folder with a `topic.ts` that exports `run`. */
import type { Report } from "./report.ts";

export interface TopicOptions {
  readonly report: Report;
  /** A folder for files, removed after the run. */
  readonly folder: string;
  readonly quick: boolean;
  /** The names asked for; undefined: all. */
  readonly cases: readonly string[] | undefined;
  readonly peers: readonly string[] | undefined;
}

/** Measures, reports, and returns every figure for `--json`. Throws when anything was wrong: then there is no result. */
export type TopicRun = (options: TopicOptions) => Promise<unknown>;
