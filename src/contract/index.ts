export { compile } from "./compile.ts";
export * from "./contract.ts";
export { DefinitionError } from "./definition-error.ts";
