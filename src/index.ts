/** The public entry: what a service's definition imports. */
export * from "./define/index.ts";
