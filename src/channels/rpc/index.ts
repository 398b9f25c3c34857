/**
 * What gRPC, gRPC-Web and Connect have in common: messages to inputs, results to messages, refusals to statuses.
 *
 *   const asked = askedOf(method, bytes)                 { input, idempotencyKey?, ifMatch? }, or a refusal, which has no `input`
 *   const result = await pipeline.run({ …, operation: method.operation, input: asked.input })
 *   const bytes = sealEnvelope(method.output.encode(messageOf(method, result), headerBytes))
 *   const status = statusOf(refusal, tell(refusal, …), { domain: service, locale })
 */
export { compressedFlag, EnvelopeTooLarge, Envelopes, envelopeBytes, headerBytes, sealEnvelope } from "./envelope.ts";
export type { Envelope } from "./envelope.ts";
export { askedOf, inputOf, refusalOfMessage } from "./input.ts";
export type { Asked } from "./input.ts";
export { messageOf, rowsOf, tagOf, verdictOf } from "./output.ts";
export type { Verdict } from "./output.ts";
export { codeNames, codeOf, codes } from "./codes.ts";
export { googleMessage } from "./details.ts";
export { statusOf } from "./status.ts";
export type { RpcDetail, RpcStatus, StatusPlace } from "./status.ts";
export { connectTimeoutMs, grpcTimeoutMs } from "./timeout.ts";
