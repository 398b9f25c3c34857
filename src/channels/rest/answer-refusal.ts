/** Answers of refused calls: status, body in the caller's format, and the headers a status asks for (RFC 9110 section 15.5, RFC 6750 section 3). */
import type { Refusal } from "../../pipeline/refusal.ts";
import type { OperationEndpoint } from "./endpoint.ts";
import type { Exchange } from "./exchange.ts";
import { formatNamed } from "./formats/index.ts";
import type { PlainValue } from "./formats/index.ts";
import { acceptSignature, challengeOf, isSigned } from "../http/index.ts";
import { tell } from "../../pipeline/told.ts";
import type { ToldRefusal } from "../../pipeline/told.ts";
import { problemOf, problemXml } from "./problem.ts";
import type { Answer } from "./send.ts";

/** Seconds after which a 429 or 503 that says nothing else may be repeated. */
const retryAfterDefault = 1;

/** Types of a body, as the addresses take them (Accept-Post, Accept-Patch, Accept-Query). */
const bodyTypes = "application/json, application/xml, application/yaml, application/msgpack";
export const acceptTypes: Readonly<Record<string, readonly [header: string, types: string]>> = {
  POST: ["Accept-Post", `${bodyTypes}, text/csv, application/x-ndjson`],
  PATCH: ["Accept-Patch", `application/merge-patch+json, application/json-patch+json, ${bodyTypes}`],
  QUERY: ["Accept-Query", bodyTypes],
};

const headersOf = (exchange: Exchange, refusal: Refusal): readonly (readonly [string, string])[] => {
  const headers: (readonly [string, string])[] = [];
  switch (refusal.status) {
    case 401:
      headers.push(["WWW-Authenticate", challengeOf(exchange, refusal)]);
      if (isSigned(exchange.headers)) headers.push(["Accept-Signature", acceptSignature(exchange.method)]);
      break;
    case 403:
      if (refusal.type === "scope_required")
        headers.push([
          "WWW-Authenticate",
          `Bearer realm="pons", error="insufficient_scope", scope="${String(refusal.details?.["scope"])}"`,
        ]);
      else if (refusal.type === "step_up_required")
        headers.push([
          "WWW-Authenticate",
          `Bearer realm="pons", error="insufficient_user_authentication", max_age="${String(refusal.details?.["withinSeconds"])}"`,
        ]);
      break;
    case 405:
      headers.push(["Allow", (refusal.allow ?? []).join(", ")]);
      break;
    case 415: {
      const accepted = acceptTypes[exchange.method];
      if (accepted !== undefined) headers.push(accepted);
      break;
    }
    default:
      break;
  }
  const retryAfter = refusal.retryAfter ?? (refusal.status === 429 || refusal.status === 503 ? retryAfterDefault : undefined);
  if (retryAfter !== undefined) headers.push(["Retry-After", String(Math.ceil(retryAfter))]);
  return headers;
};

/** A refusal in the words of this request: its language, the service's messages, the resource's names of fields. */
export const tellOn = (exchange: Exchange, refusal: Refusal, endpoint?: OperationEndpoint): ToldRefusal =>
  tell(refusal, {
    locale: exchange.locale,
    requestId: exchange.requestId,
    messages: exchange.version?.contract.messages,
    resource: endpoint?.operation.resource?.name,
  });

/** The body of a refusal. Formats for lists only cannot hold one: those callers get JSON. */
const bodyOf = (exchange: Exchange, told: ToldRefusal): { readonly body: string | Uint8Array; readonly contentType: string } => {
  const { format, wantsProblem } = exchange.output;
  const json = format.name === "json" || format.listsOnly;
  if (wantsProblem && format.problemType !== undefined) {
    const problem = problemOf(told) as PlainValue;
    const body = format.name === "xml" ? problemXml(format.stringify(problem) as string) : format.stringify(problem);
    return { body, contentType: format.problemType };
  }
  const envelope = { success: false, ...told };
  if (json) return { body: JSON.stringify(envelope), contentType: formatNamed("json").contentType };
  return { body: format.stringify(envelope as unknown as PlainValue), contentType: format.contentType };
};

/** The answer of a refusal. */
export const answerRefusal = (exchange: Exchange, refusal: Refusal, endpoint?: OperationEndpoint): Answer => {
  const headers = headersOf(exchange, refusal);
  return {
    status: refusal.status,
    ...bodyOf(exchange, tellOn(exchange, refusal, endpoint)),
    ...(headers.length > 0 ? { headers } : {}),
  };
};
