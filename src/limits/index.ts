/** Limits of calls: burst, rate, concurrency, quota, spend; in one process or across nodes. Overload. RateLimit fields. */
export { ClusterLimiter, type ClusterLimiterOptions } from "./cluster/cluster-limiter.ts";
export { EventLoopLag } from "./event-loop-lag.ts";
export { type RateLimitFields, RateLimitFormatter } from "./fields.ts";
export { MemoryLimiter, type MemoryLimiterOptions, type UsedBefore } from "./memory-limiter.ts";
export type {
  Admission,
  Admitted,
  DenialReason,
  Denied,
  Limiter,
  LimitKind,
  LimitPeriod,
  LimitRule,
  LimitState,
  LoadUsed,
  ThresholdListener,
} from "./rule.ts";
export { priorityMax, type Shed, Shedder, type ShedderOptions } from "./shedder.ts";
