/** What is measured, and for how long. */
import type { RoundOptions } from "../harness/rounds.ts";
import { type CallName, callNames } from "./calls/forms.ts";
import type { Engine } from "./calls/server.ts";

/** In the order in which they run. */
export const caseNames = [...callNames, "graph", "unary", "export", "streams"] as const;
export type CaseName = (typeof caseNames)[number];

export const isCall = (name: CaseName): name is CallName => (callNames as readonly string[]).includes(name);

export interface Plan {
  /** Reads and writes on every channel. */
  readonly calls: Readonly<Record<Engine, RoundOptions>>;
  readonly unary: RoundOptions;
  readonly exportRows: number;
  /** Files that one process may have open: connections of the streams, and some more. */
  readonly openFiles: number;
}

export const fullPlan: Plan = {
  calls: {
    sqlite: { rounds: 5, warmUpSeconds: 1.5, seconds: 1.2 },
    postgres: { rounds: 3, warmUpSeconds: 1.5, seconds: 1.2 },
  },
  unary: { rounds: 7, warmUpSeconds: 2, seconds: 1.5 },
  exportRows: 1_000_000,
  openFiles: 12_000,
};
/** Shows that everything runs; too short to be a result. */
export const quickPlan: Plan = {
  calls: {
    sqlite: { rounds: 2, warmUpSeconds: 0.3, seconds: 0.4 },
    postgres: { rounds: 1, warmUpSeconds: 0.3, seconds: 0.4 },
  },
  unary: { rounds: 2, warmUpSeconds: 0.5, seconds: 0.5 },
  exportRows: 50_000,
  openFiles: 2_000,
};
