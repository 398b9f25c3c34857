export { type DocumentOptions, documents } from "./documents.ts";
export type { DocumentHandler } from "./served.ts";
