/** The packing engine: pieces into the smallest box, the cheapest cartons or one container. Needs nothing of the service around it. */
export { packingPool, packOffLoop, type PackingPool } from "./off-loop.ts";
export { pack } from "./pack.ts";
export { Draughtsman, type Drawing } from "./drawing.ts";
export { picture, type PictureOptions, stepsOf } from "./picture.ts";
export * from "./packing.ts";
export { validate } from "./validate.ts";
