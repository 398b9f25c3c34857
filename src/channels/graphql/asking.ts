/** Whose calls they are: of an HTTP request, or of a connection that stays open. */
import type { Operation } from "../../contract/contract.ts";
import type { Call, Findings, Input } from "../../pipeline/call.ts";
import { callOf, type HttpExchange } from "../http/index.ts";
import type { Seat } from "../stream/seat.ts";
import { graphqlLimits } from "./limits.ts";

export interface CallMore {
  readonly idempotencyKey?: string;
  readonly ifMatch?: readonly string[];
  readonly isOwnDocument?: true;
}

export interface Asking {
  readonly locale: string;
  readonly requestId: string;
  /** Of the request, where it has any that are its own. */
  readonly headers: Headers | undefined;
  call(operation: Operation, input: Input, more?: CallMore): Call;
}

/** Of a request. `signal`: the caller leaves; what only reads stops then, a change that was sent is carried out. */
export const ofRequest = (exchange: HttpExchange, signal: AbortSignal | undefined): Asking => ({
  locale: exchange.locale,
  requestId: exchange.requestId,
  headers: exchange.headers,
  call: (operation, input, more) =>
    callOf(exchange, operation, input, {
      ...more,
      hasFixedNames: true,
      signal: operation.kind === "query" ? signal : undefined,
    }),
});

/** Of a connection; each operation on it has a number. */
export const ofSeat = (
  seat: Seat,
  {
    requestId,
    signal,
    bodyBytes,
    findings,
  }: {
    readonly requestId: string;
    readonly signal: AbortSignal;
    readonly bodyBytes?: number;
    readonly findings?: Findings;
  },
): Asking => ({
  locale: seat.locale,
  requestId,
  headers: undefined,
  call: (operation, input, more) => ({
    ...seat.callOf(operation, input, {
      requestId,
      locale: seat.locale,
      deadline: Date.now() + graphqlLimits.callMsMax,
      ...(operation.kind === "query" ? { signal } : {}),
      ...(bodyBytes === undefined ? {} : { bodyBytes }),
      ...(findings === undefined ? {} : { findings }),
      ...more,
    }),
    hasFixedNames: true,
  }),
});
