/** How many arrangements a request may still try, and whether it was told to stop. */
import type { Budget } from "./beam.ts";
import { type PackOptions, PackingRefused } from "./packing.ts";

/** The effort of a request; where it asks for none, the usual one of its mode. */
export type EffortOf = (usual: number) => Effort;

export class Effort implements Budget {
  left: number;
  readonly #options: PackOptions;
  readonly #clock: () => number;
  constructor(tries: number, options: PackOptions) {
    this.left = tries;
    this.#options = options;
    this.#clock = options.clock ?? (() => performance.now());
  }

  /** Throws `cancelled` when the caller has no more use for the answer. */
  take(): boolean {
    if (this.#options.signal?.aborted === true) throw new PackingRefused("cancelled", "The packing was cancelled.");
    if (this.left <= 0) return false;
    if (this.#options.deadline !== undefined && this.#clock() >= this.#options.deadline) {
      this.left = 0;
      return false;
    }
    this.left--;
    return true;
  }

  /** A part of it: what it leaves unused stays. */
  part(tries: number): Budget {
    let spare = tries;
    return {
      take: () => {
        if (spare <= 0) return false;
        spare--;
        return this.take();
      },
    };
  }
}
