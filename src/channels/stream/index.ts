/** Events and calls over connections that stay open: Server-Sent Events and WebSocket. */
export { closeCodes } from "./connection.ts";
export { type StreamLimits, streamLimits } from "./limits.ts";
export { createStream, subprotocol } from "./stream.ts";
