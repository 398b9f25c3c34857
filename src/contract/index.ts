export { compile } from "./compile.ts";
export * from "./contract.ts";
export type { BackgroundContract, JobContract, ScheduleContract } from "./jobs.ts";
export { DefinitionError } from "./definition-error.ts";
