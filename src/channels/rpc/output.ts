/** From results to the messages of a method. */
import type { Message, RpcMethod } from "../../contract/protobuf/index.ts";
import type { Result } from "../../pipeline/call.ts";
import type { Refusal } from "../../pipeline/refusal.ts";
import type { ToldRefusal } from "../../pipeline/told.ts";

/** The answer of a unary method, for `method.output`. */
export const messageOf = (_method: RpcMethod, result: Result & { readonly ok: true }): Message => ({ data: result.data });

/** One answer of an `Export…`: some rows. */
export const rowsOf = (_method: RpcMethod, rows: readonly unknown[]): Message => ({ rows });

/** One answer of a `…Stream`: what came of an item. */
export const verdictOf = (
  method: RpcMethod,
  verdict:
    | (Result & { readonly ok: true })
    | { readonly ok: false; readonly refusal: Refusal; readonly told: ToldRefusal; readonly replayed?: true },
): Message => (verdict.ok ? { response: messageOf(method, verdict) } : { refusal: verdict.told });
