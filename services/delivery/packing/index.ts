/** The packing engine: pieces into the smallest box, the cheapest cartons or one container. Needs nothing of the service around it. */
export * from "./types.ts";
