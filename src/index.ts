/** The public entry: what a service's definition imports. */
export * from "./host/public.ts";
