export type { CallAnswer, CalledService, CalledServices, CallInput, Calling } from "./calls.ts";
export * from "./expression.ts";
export {
  type Field,
  type FieldKind,
  type FieldOptions,
  type Fields,
  type FieldValue,
  type InputOf,
  type InsertOf,
  type Mask,
  type RowOf,
  t,
} from "./field.ts";
export * from "./function.ts";
export {
  type BackgroundJob,
  type JobDefinition,
  type JobEvent,
  job,
  type OutsideRequest,
  type ScheduledJob,
  type ScheduledRun,
  schedule,
  type When,
  type WorkContext,
} from "./jobs.ts";
export type { LineDefinition, LineOperation } from "./line.ts";
export type { McpDefinition } from "./mcp.ts";
export { latencyAt, type LatencyBucket, latencyBuckets } from "./latency.ts";
export {
  type Access,
  type Behaviour,
  declare,
  type DirectoryEntry,
  entry,
  type EventDefinition,
  type Measure,
  type Invariant,
  type NamedFilter,
  type Operands,
  type Relation,
  type ResourceDefinition,
  type ResourceTools,
  type Row,
  type RowChange,
  type RowRule,
  resource,
  type SingletonDefinition,
  singleton,
  type Statistic,
} from "./resource.ts";
export {
  authentications,
  checkPolicy,
  type Policy,
  type PolicyKind,
  policyKinds,
  type PolicyScope,
  type PolicySettings,
  type PolicyVerdict,
} from "./policy.ts";
export type { RecentCall } from "./recent-call.ts";
export type { SoapDefinition, SoapElement, SoapElements, SoapOperation, SoapRefused, SoapType, SoapValue } from "./soap.ts";
export * from "./service.ts";
export * from "./version.ts";
export { currencies, exponentOf } from "./currencies.ts";
