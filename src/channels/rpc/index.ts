/**
 * What gRPC, gRPC-Web and Connect have in common: messages to inputs, results to messages, refusals to statuses.
 *
 *   const message = requestOf(method, bytes)             or a refusal (400)
 *   const asked = inputOf(method, message)               or a refusal; { input, idempotencyKey?, ifMatch? }
 *   const result = await pipeline.run({ …, operation: method.operation, input: asked.input })
 *   const bytes = sealEnvelope(method.output.encode(messageOf(method, result), headerBytes))
 *   const status = statusOf(refusal, tell(refusal, …), { domain: service, locale })
 */
export { conditionsOf } from "./conditions.ts";
export type { Conditions } from "./conditions.ts";
export { compressedFlag, EnvelopeTooLarge, Envelopes, envelopeBytes, headerBytes, sealEnvelope } from "./envelope.ts";
export type { Envelope } from "./envelope.ts";
export { inputOf, refusalOfMessage, requestOf } from "./input.ts";
export type { Asked } from "./input.ts";
export { messageOf, rowsOf, verdictOf } from "./output.ts";
export { codeNames, statusOf } from "./status.ts";
export type { RpcStatus } from "./status.ts";
export { connectTimeoutMs, grpcTimeoutMs } from "./timeout.ts";
