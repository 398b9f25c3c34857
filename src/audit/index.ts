export { Audit, type AuditOptions, type AuditStart } from "./audit.ts";
export { appendTo, checkpointsIn } from "./export.ts";
export type { Problem } from "./problem.ts";
export { type NamedRealm, type Readable, RawRows } from "./raw-rows.ts";
export { refusedCall } from "./refused-call.ts";
export { type Refused, RefusalLog } from "./refusal-log.ts";
export { type PublicKey, publicKeyFrom, type SignedStatement, signingKeyOf } from "./statement.ts";
export { auditTables } from "./tables.ts";
export { type Verification, type VerifyOptions, verifyAudit } from "./verify.ts";
