/** A request of this channel on its way. */
import type { HttpExchange, Preferences } from "../http/index.ts";
import type { OutputFormat } from "./formats/index.ts";
import type { ServedVersion } from "./served.ts";

export { callOf } from "../http/index.ts";
export type { CallerInfo, CallOptions } from "../http/index.ts";

export interface Exchange extends HttpExchange {
  readonly preferences: Preferences;
  /** Milliseconds of `performance.now()` when the request came, if the caller wants the time (`Prefer: timing`). */
  readonly startedMs: number | undefined;
  version: ServedVersion | undefined;
  output: OutputFormat;
  /** Bare data without the envelope. */
  isBare: boolean;
}
