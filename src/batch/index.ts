export * from "./command.ts";
export { systemTables } from "./system-tables.ts";
export { Writer, type WriterOptions } from "./writer.ts";
