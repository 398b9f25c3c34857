/** The limiter of a process: by itself, or together with the other nodes over Valkey or Redis. */
import { ClusterLimiter, type Limiter, type LoadUsed, MemoryLimiter, type ThresholdListener } from "../limits/index.ts";
import type { Logger } from "../observe/logger.ts";
import type { Config } from "./config.ts";

export interface LimiterParts {
  /** What was used of a quota before this process counted. */
  readonly load: LoadUsed;
  readonly onThreshold: ThresholdListener;
  readonly logger: Logger;
}

/** Makes the limiter; `close` gives back what it holds for others. */
export const createLimiter = (
  { redisUrl, limitsAway, nodes }: Pick<Config, "redisUrl" | "limitsAway" | "nodes">,
  { load, onThreshold, logger }: LimiterParts,
): { readonly limiter: Limiter; close(): Promise<void> } => {
  if (redisUrl === undefined) {
    // Who cannot say what was used cannot limit: the database is away then, and calls are refused by it anyway.
    const limiter = new MemoryLimiter({ usedBefore: { load, whenAway: "closed" }, onThreshold });
    return { limiter, close: () => Promise.resolve() };
  }
  const limiter = new ClusterLimiter({
    url: redisUrl,
    whenAway: limitsAway,
    nodes,
    load,
    onThreshold,
    onStore: (isUp, error) => logger[isUp ? "info" : "warn"]("limits_store", { isUp, ...(error === undefined ? {} : { error }) }),
  });
  return { limiter, close: () => limiter[Symbol.asyncDispose]() };
};
