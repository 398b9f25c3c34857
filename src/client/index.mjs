// @ts-check
/** What programs need that call a Pons server with more than a key. Runs in browsers, Node and Bun; depends on nothing. */
export { createSealer } from "./sealer.mjs";
export { createSigner } from "./signer.mjs";
