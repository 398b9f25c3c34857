export { AutomaticEvents } from "./automatic.ts";
export * from "./command.ts";
export { Leases, type Membership, notHolder } from "./lease.ts";
export { Nonces, noncesTable } from "./nonces.ts";
export { journalTable, systemTables } from "./system-tables.ts";
export { Writer, type WriterOptions } from "./writer.ts";
export { minuteOf, rawGrain, usageTable } from "./usage.ts";
