export { registerResources } from "./code/context.ts";
export { Sources } from "./sources.ts";
export { type Forwarded, type Handed, type Peers, Router } from "./router.ts";
export { Agendas } from "./agenda.ts";
export { Jobs } from "./jobs/jobs.ts";
export { type Fate, type JobFilter, type JobReport, jobReports, lagMax, parkedEvents, settleParked } from "./jobs/report.ts";
export type { Failure } from "./jobs/runner.ts";
export { invariantsOf } from "./invariants.ts";
export { scanRows } from "./code/scan.ts";
