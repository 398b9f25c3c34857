/**
 * The second step: from host, path and method to an endpoint, its parameters, and the form of the answer.
 * Refusals: 400 invalid_request, 404, 405 with `allow`, 406, 410, 414, 422 for parameters that cannot be read.
 */
import { invalid, refuse } from "../../pipeline/refusal.ts";
import type { Refusal } from "../../pipeline/refusal.ts";
import { type HttpChannel, unknownAddress } from "../http/index.ts";
import { answersDocument } from "./answer-document.ts";
import type { DocumentHandler, RestConfig } from "./config.ts";
import type { Address, Endpoint } from "./endpoint.ts";
import type { Exchange } from "./exchange.ts";
import { outputFormat } from "./formats/index.ts";
import type { OutputFormat } from "./formats/index.ts";
import { placeOf } from "./place.ts";
import type { Place } from "./place.ts";
import { problemPath } from "./problem.ts";
import type { CollectedQuery } from "./query-collector.ts";
import { parseQueryString } from "./query-string.ts";
import { segmentsOf } from "./request-target.ts";
import { route } from "./route.ts";
import type { Match } from "./route.ts";

export type Located =
  | { readonly kind: "endpoint"; readonly endpoint: Endpoint; readonly match: Match; readonly query: CollectedQuery }
  | { readonly kind: "options"; readonly address: Address }
  | { readonly kind: "document"; readonly handler: DocumentHandler }
  /** Another protocol below the version; `rest`: what follows its name. */
  | { readonly kind: "channel"; readonly channel: HttpChannel; readonly rest: readonly string[] }
  | { readonly kind: "problem"; readonly problem: { readonly type: string; readonly status: number; readonly doc: string } };

/** What is only read, and is no operation. */
const readAddress: Address = { endpoints: new Map(), allow: ["GET", "HEAD", "OPTIONS"] };
/** Methods that exist; the others are refused before anything is looked up. TRACE and CONNECT are none of them. */
const methods = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "QUERY", "OPTIONS"]);

/** A name as protobuf has them, with at least one dot. */
const packageForm = /^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+$/;

/** What is to be said instead of a document. HEAD is GET to an exchange. */
const insteadOf = (exchange: Exchange): Located | Refusal | undefined => {
  const { method } = exchange.request;
  if (method === "OPTIONS") return { kind: "options", address: readAddress };
  return readAddress.allow.includes(method) ? undefined : refuse("method_not_allowed", { allow: readAddress.allow });
};

/** Language: `?language=` (in `negotiate`) before path and host, before Accept-Language. */
const enter = (exchange: Exchange, place: Place): void => {
  exchange.version = place.version;
  exchange.base = place.base;
  if (place.language !== undefined) exchange.locale = place.language;
};

/** A channel whose addresses stand at the root. */
const atRoot = (config: RestConfig, exchange: Exchange, segments: readonly string[]): Located | undefined => {
  const [first = "", ...rest] = segments;
  const { rootChannel, places } = config;
  // A name of a package; `.well-known` is none.
  if (rootChannel === undefined || rest.length === 0 || !packageForm.test(first)) return undefined;
  const named = rootChannel.versionOf(first);
  exchange.version = named === undefined ? undefined : places.served.get(named.service)?.get(named.version);
  return { kind: "channel", channel: rootChannel, rest };
};

/** Documents, other channels and problem types: what is no operation. */
const aside = (
  config: RestConfig,
  exchange: Exchange,
  segments: readonly string[],
  place: Place | undefined,
): Located | Refusal => {
  const { version } = exchange;
  if (place !== undefined && version !== undefined) {
    const [name = "", ...more] = segments.slice(place.from);
    const channel = config.channels.get(name);
    if (channel !== undefined) return { kind: "channel", channel, rest: more };
    const rest = segments.slice(place.from).map(encodeURIComponent).join("/");
    const handler = config.documents.get(`/${version.service}/${version.name}${rest === "" ? "" : `/${rest}`}`);
    if (handler === undefined) return unknownAddress;
    return insteadOf(exchange) ?? { kind: "document", handler };
  }
  const root = atRoot(config, exchange, segments);
  if (root !== undefined) return root;
  const handler = config.documents.get(exchange.path);
  if (handler !== undefined) return insteadOf(exchange) ?? { kind: "document", handler };
  const type = segments.length === 2 && exchange.path.startsWith(problemPath) ? (segments[1] ?? "") : "";
  const problem = config.problems.get(type);
  if (problem === undefined) return unknownAddress;
  return insteadOf(exchange) ?? { kind: "problem", problem: { type, ...problem } };
};

/** Finds the endpoint. */
export const locate = (config: RestConfig, exchange: Exchange, hasTarget: boolean): Located | Refusal => {
  const { method, path } = exchange;
  if (!methods.has(method)) return refuse("method_not_allowed", { allow: [...methods] });
  if (!hasTarget) return refuse("invalid_request", { details: { explanation: "The Host header is missing or malformed." } });
  const host = exchange.headers.get("host") ?? "";
  if (host.includes(",")) return refuse("invalid_request", { details: { explanation: "The request has two Host headers." } });
  if (path.length > config.limits.pathLengthMax) return refuse("uri_too_long", { details: { max: config.limits.pathLengthMax } });
  const known = config.items?.find(path);
  if (known !== undefined) return arrive(config, exchange, known.place, known.match);
  const segments = segmentsOf(path);
  if (segments === undefined)
    return refuse("invalid_request", { details: { explanation: "The address has a malformed percent-escape." } });
  const place = placeOf(config.places, host, segments);
  if (place === undefined) return aside(config, exchange, segments, undefined);
  const match = route(place.version.table, segments, place.from);
  if (match === undefined) {
    enter(exchange, place);
    const found = aside(config, exchange, segments, place);
    // A channel tells in its own form that a version is over.
    return place.version.sunsetMs <= config.now() && !("kind" in found && found.kind === "channel") ? refuse("gone") : found;
  }
  config.items?.keep(path, place, match);
  return arrive(config, exchange, place, match);
};

/** What is found is asked with its method. */
const arrive = (config: RestConfig, exchange: Exchange, place: Place, match: Match): Located | Refusal => {
  enter(exchange, place);
  if (place.version.sunsetMs <= config.now()) return refuse("gone");
  const { address } = match;
  if (exchange.method === "OPTIONS") return { kind: "options", address };
  const endpoint = address.endpoints.get(exchange.method);
  if (endpoint === undefined) return refuse("method_not_allowed", { allow: address.allow });
  return negotiate(config, exchange, endpoint, match);
};

const negotiate = (config: RestConfig, exchange: Exchange, endpoint: Endpoint, match: Match): Located | Refusal => {
  const isList = "answersList" in endpoint && endpoint.answersList;
  const accepted = outputFormat(exchange.headers.get("accept"), { shape: isList ? "list" : "single" });
  if (match.format !== undefined) {
    if (match.format.listsOnly && !isList) return refuse("not_acceptable");
    exchange.output = { format: match.format, wantsProblem: accepted?.wantsProblem ?? false } satisfies OutputFormat;
  } else if (accepted !== undefined) exchange.output = accepted;
  // A document has a type of its own; JSON, with which an exchange begins, is left for a refusal.
  else if (!("operation" in endpoint) || !answersDocument(endpoint.operation)) return refuse("not_acceptable");
  if (exchange.preferences.envelope !== undefined) exchange.isBare = true;
  const query = parseQueryString(exchange.query, config.limits);
  if (!("query" in query)) return query;
  if (query.language !== undefined) {
    const language = config.languages.lookup(query.language);
    if (language === undefined) return invalid({ language: [{ code: "bad_format", params: { format: "language" } }] });
    exchange.locale = language;
  }
  if (query.envelope === false) exchange.isBare = true;
  if (query.issues !== undefined) return invalid(query.issues);
  return { kind: "endpoint", endpoint, match, query };
};
