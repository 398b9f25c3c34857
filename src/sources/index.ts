export { registerResources } from "./code/context.ts";
export { Sources } from "./sources.ts";
export { Agendas } from "./agenda.ts";
