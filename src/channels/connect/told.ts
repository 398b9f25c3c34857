/** Refusals of the channel: as a status in the caller's language, and as Connect writes them. */
import type { RpcMethod } from "../../contract/protobuf/index.ts";
import type { Refusal } from "../../pipeline/refusal.ts";
import { tell, type ToldRefusal } from "../../pipeline/told.ts";
import type { HttpExchange } from "../http/index.ts";
import { type RpcStatus, statusOf } from "../rpc/index.ts";

/** A refusal in words. */
export const toldOf = (exchange: HttpExchange, refusal: Refusal, method?: RpcMethod): ToldRefusal =>
  tell(refusal, {
    locale: exchange.locale,
    requestId: exchange.requestId,
    messages: exchange.version?.contract.messages,
    resource: method?.operation.resource?.name,
  });

/** A refusal as a status. */
export const statusFor = (exchange: HttpExchange, refusal: Refusal, method?: RpcMethod): RpcStatus =>
  statusOf(refusal, toldOf(exchange, refusal, method), {
    domain: exchange.version?.service ?? "pons",
    locale: exchange.locale,
  });

/** `{ "code": "not_found", "message": "…", "details": [{ "type": "google.rpc.ErrorInfo", "value": "…", "debug": { … } }] }` */
export const errorJson = ({ name, message, details }: RpcStatus): Record<string, unknown> => ({
  code: name,
  message,
  details: details.map(({ type, value, debug }) => ({ type, value: value.toBase64({ omitPadding: true }), debug })),
});

/** HTTP statuses of Connect's codes (connectrpc.com/docs/protocol, "Error codes"). */
const httpStatuses: readonly number[] = [200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401];

/** The status of an answer with this error: what HTTP itself has a status for keeps it. */
export const httpStatusOf = ({ code }: RpcStatus, refusal: Refusal): number =>
  refusal.status === 405 || refusal.status === 410 || refusal.status === 415 ? refusal.status : (httpStatuses[code] ?? 500);
