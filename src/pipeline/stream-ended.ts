import type { Refusal } from "./refusal.ts";

/** An open stream is ended: its caller may no longer call. */
export class StreamEnded extends Error {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(`the caller may no longer call: ${refusal.type}`);
    this.refusal = refusal;
  }
}
