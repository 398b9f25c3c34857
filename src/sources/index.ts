export { registerResources } from "./code/context.ts";
export { Sources } from "./sources.ts";
export { Agendas } from "./agenda.ts";
export { scanRows } from "./code/scan.ts";
