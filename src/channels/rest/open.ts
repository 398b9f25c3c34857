/** The first step: the headers every answer depends on, even that of a request that is refused at once. Never refuses and never throws. */
import { parsePrefer, parseTraceparent } from "../http/index.ts";
import type { RestConfig } from "./config.ts";
import type { CallerInfo, Exchange } from "./exchange.ts";
import { outputFormat } from "./formats/index.ts";
import type { OutputFormat } from "./formats/index.ts";
import { targetOf } from "./request-target.ts";

const timing = /(?:^|,)\s*timing\s*(?:[,;]|$)/i;

/** Refusals before the format is known, and of callers who accept nothing we have, are JSON. */
const jsonOutput = outputFormat(null, { shape: "single" }) as OutputFormat;

export interface Opened {
  readonly exchange: Exchange;
  /** Bun gave no absolute URL: the Host header is missing or no host, or the target is no path. */
  readonly hasTarget: boolean;
}

/** Reads a request's head. */
export const open = (config: RestConfig, request: Request, caller: CallerInfo): Opened => {
  const { headers } = request;
  const target = targetOf(request.url);
  const prefer = headers.get("prefer");
  const traceparent = headers.get("traceparent");
  const method = request.method === "HEAD" ? "GET" : request.method;
  const exchange: Exchange = {
    request,
    method,
    headers,
    path: target?.path ?? "/",
    query: target?.query ?? "",
    requestId: config.requestIds.of(headers.get("x-request-id")),
    caller,
    preferences: parsePrefer(prefer),
    traceparent: traceparent === null || parseTraceparent(traceparent) === undefined ? undefined : traceparent,
    startedMs: prefer !== null && timing.test(prefer) ? performance.now() : undefined,
    deadline: Date.now() + config.limits.callMsMax,
    publicOrigin: config.publicOrigin,
    channel: "rest",
    locale: config.languages.choose(headers.get("accept-language")),
    version: undefined,
    base: "",
    output: jsonOutput,
    isBare: false,
    credentials: { kind: "none" },
    findings: {},
  };
  return { exchange, hasTarget: target !== undefined };
};
