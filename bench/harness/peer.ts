/**
 * What is measured: a server that answers the same calls as the others. Each peer is one file; the runner knows only this.
 */
import type { CheckName } from "./check.ts";
import type { Measured } from "./load.ts";

/** One kind of call, as data: the load generator is another process. */
export interface CallPlan {
  readonly method: "GET" | "POST";
  /** Taken in turn. */
  readonly paths: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  /** A file of keys and paths, `key path` a line: one is taken at random for each call, in place of `paths`. */
  readonly requestsFile?: string;
  /** `{n}` stands for nine digits that are never used twice in a run, so that the length stays the same. */
  readonly body?: string;
  /** What `{word}` in the body stands for: any of these, never the one before it; all of one length. */
  readonly words?: readonly string[];
  /** The status every answer must have. */
  readonly status: number;
  /** What every answer's body must pass, or a sample of the bodies where they are large. */
  readonly check: CheckName;
  /** Rows that one call reads or writes. */
  readonly rows: number;
}

/** A peer that is no HTTP server brings its own load tool. */
export type OwnLoad = (slot: { readonly connections: number; readonly seconds: number }) => Promise<Measured>;

export interface Running {
  /** `http://127.0.0.1:port` */
  readonly url: string;
  /** Roots of the process trees whose CPU time counts, the database's included. */
  readonly pids: readonly number[];
  /** The server alone, without the database: whose memory is told. */
  readonly serverPids: readonly number[];
  /** The calls this peer can do, by the case's name; a case it cannot do is absent. */
  readonly calls: Readonly<Record<string, CallPlan | OwnLoad>>;
  /** How many rows are stored: what was acknowledged must be there, and its audit rows. Absent: it stores nothing. */
  count?(what: "customers" | "audit"): Promise<number>;
  stop(): Promise<void>;
  /** After stop(): starts the server on the same data, stops it again, and tells the seconds until its first answer. */
  startAgain?(): Promise<number>;
}

export interface Peer<R extends Running = Running> {
  /** Short and stable: the name in tables and targets. */
  readonly name: string;
  /** One line for the report: what it is and does. */
  readonly what: string;
  /** Resolves when it answers. Throws Unavailable where this machine cannot run it: the peer is left out, and the report says why. */
  start(surroundings: Surroundings): Promise<R>;
}

export interface Surroundings {
  /** A folder of the run for files, removed afterwards. */
  readonly folder: string;
  /** A fresh, empty database; its owner's URL. */
  createDatabase(): Promise<string>;
  /** The postmaster. */
  readonly postgresPid: number;
}

/** This machine lacks what the peer needs; the message says what and how to get it. */
export class Unavailable extends Error {
  override readonly name = "Unavailable";
}
