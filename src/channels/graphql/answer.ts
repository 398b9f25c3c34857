/**
 * Answers over HTTP: `application/graphql-response+json`, or `application/json` for clients that know no other, whose answers of 2xx have that type and the
 * status 200 (GraphQL over HTTP, sections "Body" and "Status Codes"). What is refused has the same status for both.
 */
import { andThen } from "../../pipeline/condition.ts";
import type { MaybePromise } from "../../pipeline/pipeline.ts";
import { Negotiator } from "../http/index.ts";
import { compress } from "../rest/compress.ts";
import type { Answer } from "./perform.ts";

export type Form = "graphql" | "json" | "events";

const graphqlType = "application/graphql-response+json";
const eventsType = "text/event-stream";

/** Whoever does not say gets JSON: such clients are older than the other type. */
const negotiator = new Negotiator<Form>([
  { mediaTypes: ["application/json"], value: "json" },
  { mediaTypes: [graphqlType], value: "graphql" },
  { mediaTypes: [eventsType], value: "events" },
]);

/** The new type goes before the old one where a client takes both alike. */
const preferring = new Negotiator<Form>([
  { mediaTypes: [graphqlType], value: "graphql" },
  { mediaTypes: ["application/json"], value: "json" },
  { mediaTypes: [eventsType], value: "events" },
]);

/** The form that a client wants; undefined: none that there is. */
export const formOf = (accept: string | null): Form | undefined =>
  accept?.includes(graphqlType) === true ? preferring.choose(accept) : negotiator.choose(accept);

/** An answer as JSON has it. Errors stand first, where a reader sees them. */
export const bodyOf = ({ data, errors }: Answer): { readonly errors?: unknown; readonly data?: unknown } => ({
  ...(errors === undefined || errors.length === 0 ? {} : { errors }),
  ...(data === undefined ? {} : { data }),
});

/** Answers below are not compressed: the header would eat what is gained. */
const compressBytesMin = 1_024;

/** The response to a request that is not a stream, compressed as the client takes it. */
export const respond = (answer: Answer, form: Exclude<Form, "events">, acceptEncoding: string | null): MaybePromise<Response> => {
  const isLegacy = form === "json" && answer.status < 300;
  const headers: Record<string, string> = {
    "Content-Type": isLegacy ? "application/json; charset=utf-8" : `${graphqlType}; charset=utf-8`,
  };
  if (answer.allow !== undefined) headers["Allow"] = answer.allow.join(", ");
  if (answer.retryAfter !== undefined) headers["Retry-After"] = String(answer.retryAfter);
  const status = isLegacy ? 200 : answer.status;
  const init = { status, headers, ...(status === 294 ? { statusText: "Partial Success" } : {}) };
  const body = JSON.stringify(bodyOf(answer));
  const compressed = acceptEncoding === null ? undefined : compress(body, { acceptEncoding, bytesMin: compressBytesMin });
  if (compressed === undefined) return new Response(body, init);
  headers["Content-Encoding"] = compressed.coding;
  return andThen(compressed.bytes, (bytes) => new Response(bytes as Uint8Array<ArrayBuffer>, init));
};
