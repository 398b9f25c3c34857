export { type AsyncApiOptions, asyncApiOf } from "./document.ts";
