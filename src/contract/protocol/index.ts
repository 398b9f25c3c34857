/** The protocol description of a service, for people: as a page, and, by `pdf.ts`, to print. */
export { protocolOf, type ProtocolOptions } from "./document.ts";
export { protocolHtml, protocolPolicy } from "./html.ts";
export type { Block, ProtocolDocument } from "./model.ts";
