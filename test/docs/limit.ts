/**
 * Every bound that a caller or an operator may meet, with the place in the code that holds it. Values are read from that place, so a table made of
 * them is as true as the code.
 */
import { sourcesIn } from "./source.ts";

export interface Limit {
  /** File that holds it, or a folder in which it is found. */
  readonly place: string;
  /** Constant, or member of an object, that holds it. */
  readonly name: string;
  readonly what: string;
  readonly unit: "bytes" | "ms" | "";
  /** What happens beyond it. */
  readonly beyond: string;
}

const rest = "src/channels/rest/limits.ts";
const stream = "src/channels/stream/limits.ts";
const line = "src/channels/line/limits.ts";
const grpc = "src/channels/grpc/limits.ts";
const mcp = "src/channels/mcp/limits.ts";
const query = "src/pipeline";
const forms = "src/define/forms.ts";
const formats = "src/channels/rest/formats";
const store = "src/store/limits.ts";
const writer = "src/batch/writer.ts";
const identity = "src/pipeline/identity";
const tokens = `${identity}/token/limits.ts`;
const oauth = "src/oauth";
const people = "services/platform/identity";
const offers = "services/platform/commerce";
const webhooks = "services/platform/webhooks";

const of =
  (place: string, unit: Limit["unit"] = "") =>
  (name: string, what: string, beyond: string): Limit => ({ place, name, what, unit, beyond });

export const limits: Readonly<Record<string, readonly Limit[]>> = {
  request: [
    of(rest)("pathLengthMax", "Characters of a path", "414 `uri_too_long`"),
    of(rest)("queryLengthMax", "Characters of a query string", "414 `uri_too_long`"),
    of(rest)("parametersMax", "Parameters of a query string", "422 `validation_failed`"),
    of(rest)("nestingMax", "Levels of parentheses in `include` and `filters`", "422 `validation_failed`"),
    of(rest, "bytes")("bodyBytesMax", "Body of a call on one thing, decompressed", "413 `too_large`"),
    of(rest, "bytes")("batchBytesMax", "Body that may be a batch, decompressed", "413 `too_large`"),
    of(rest)("batchItemsMax", "Items of a batch", "413 `too_large`"),
    of(rest)("patchOperationsMax", "Operations of a JSON Patch document", "413 `too_large`"),
    of(rest, "ms")("callMsMax", "Time until a call is executed", "504 `deadline_exceeded`"),
    of("src/channels/http/encoding.ts")("RATIO_MAX", "Bytes that one compressed byte may become", "413 `too_large`"),
    of("src/channels/http/idempotency-key.ts")("KEY_LENGTH_MAX", "Characters of an idempotency key", "400 `invalid_header`"),
    of(rest, "bytes")("compressBytesMin", "Least answer that is compressed", "sent as it is"),
  ],
  stream: [
    of(stream)("connectionsMax", "Open connections of a process", "503 `overloaded`"),
    of(stream)("connectionsPerCallerMax", "Of one credential", "429 `concurrency_exceeded`"),
    of(stream)("connectionsPerStrangerMax", "Of one address without credentials yet", "429 `concurrency_exceeded`"),
    of(stream, "ms")("authenticateMs", "Time to show credentials", "closed, 4401"),
    of(stream, "bytes")("messageBytesMax", "Message of a WebSocket", "closed, 1009"),
    of(stream)("messagesPerSecondMax", "Messages of a WebSocket in a second", "closed, 4429"),
    of(stream)("runningMax", "Calls of a WebSocket that run", "the next ones wait"),
    of(stream)("waitingMax", "Calls of a WebSocket that wait", "429 `concurrency_exceeded`"),
    of(stream, "bytes")("waitingBytesMax", "Bytes of calls that wait", "429 `concurrency_exceeded`"),
    of(stream)("subscriptionsMax", "Subscriptions of a WebSocket", "429 `concurrency_exceeded`"),
    of(stream, "bytes")("bufferedBytesMax", "What waits to be read", "nothing more is made"),
    of(stream, "ms")("slowMs", "Time that so much may wait", "cut off: `slow_consumer`"),
    of(stream, "bytes")("answerBytesMax", "Answer over a WebSocket", "413 `too_large`"),
    of(stream, "ms")("heartbeatMs", "Silence before a sign of life", "a ping, or a comment"),
    of(stream, "ms")("deadMs", "Time to answer a ping", "cut off"),
    of("src/pipeline/subscribe.ts")("typesMax", "Types of a subscription", "422 `validation_failed`"),
    of("src/pipeline/subscribe.ts")("filtersMax", "Fields that a subscription filters by", "422 `validation_failed`"),
    of("src/pipeline/subscribe.ts")("valuesMax", "Values of such a field", "422 `validation_failed`"),
  ],
  grpc: [
    of(grpc, "bytes")("messageBytesMax", "Message, unpacked", "RESOURCE_EXHAUSTED, `too_large`"),
    of(grpc, "bytes")("metadataBytesMax", "Metadata of a call", "reset, ENHANCE_YOUR_CALM"),
    of(grpc)("connectionsMax", "Open connections of a process", "closed"),
    of(grpc)("connectionsPerAddressMax", "From one address", "closed"),
    of(grpc)("streamsMax", "Calls of a connection at the same time", "reset, REFUSED_STREAM"),
    of(grpc, "bytes")("windowBytes", "What a client sends of a call before it is read", "HTTP/2 lets it wait"),
    of(grpc, "ms")("callMsMax", "Time until a call is executed, and for a body to come", "DEADLINE_EXCEEDED"),
    of(grpc, "ms")("handshakeMs", "Time to speak HTTP/2", "closed"),
    of(grpc, "ms")("idleMs", "Connection without calls", "drained"),
    of(grpc, "ms")("stallMs", "Time that nothing of an answer is read", "reset, CANCEL"),
    of(grpc, "ms")("silenceMs", "`…Stream` in which the client says nothing", "UNAVAILABLE"),
    of(grpc, "ms")("keepaliveMs", "Silence before a ping", "a ping"),
    of(grpc, "ms")("keepaliveAnswerMs", "Time to answer a ping", "closed"),
    of(grpc)("pingsMax", "Pings of a client while nothing is answered", "GOAWAY, ENHANCE_YOUR_CALM"),
    of(grpc, "ms")("pingMs", "Time until one more", "GOAWAY, ENHANCE_YOUR_CALM"),
    of(grpc)("resetsMax", "Calls that a client takes back at once", "GOAWAY, ENHANCE_YOUR_CALM"),
    of(grpc, "ms")("resetMs", "Time until one more", "GOAWAY, ENHANCE_YOUR_CALM"),
    of(grpc)("itemsInFlightMax", "Items of a `…Stream` under way", "nothing more is read"),
    of(grpc, "bytes")("itemBytesInFlightMax", "Bytes of them", "nothing more is read"),
  ],
  line: [
    of(line)("connectionsMax", "Open connections of a process", "`overloaded`"),
    of(line)("connectionsPerAddressMax", "From one address", "`overloaded`"),
    of(line, "ms")("strangerMsMax", "Time to show credentials, or to ask for what needs none", "`request_timeout`"),
    of(line, "ms")("lineMsMax", "Time for a line to end", "`request_timeout`"),
    of(line, "ms")("idleMsMax", "Silence", "`request_timeout`"),
    of(line, "bytes")("strangerLineBytesMax", "Line of somebody without credentials", "`too_large`"),
    of(line, "bytes")("lineBytesMax", "Line", "`too_large`"),
    of(line)("pairsMax", "Pairs of a line", "`invalid_request`"),
    of(line)("titleLengthMax", "Characters of a title", "`invalid_request`"),
    of(line)("positionMax", "Greatest position in a list", "`validation_failed`"),
    of(line)("tagLengthMax", "Characters of a tag", "`invalid_request`"),
    of(line)("runningMax", "Requests of a connection that run", "the next ones wait"),
    of(line)("waitingMax", "Requests of a connection that wait", "nothing more is read"),
    of(line, "bytes")("waitingBytesMax", "Bytes of requests that wait", "nothing more is read"),
    of(line, "bytes")("unsentBytesMax", "Answers that wait to be read", "nothing more is run"),
    of(line, "ms")("unreadMsMax", "Time that nothing of them is read", "cut off"),
    of(line)("failuresMax", "Wrong credentials of a connection", "ended"),
    of(line)("garbledMax", "Lines in a row that cannot be read; of a stranger, the first", "ended"),
  ],
  mcp: [
    of(mcp, "bytes")("bodyBytesMax", "Body of a message", "413 `too_large`"),
    of(mcp)("nodesMax", "Objects and lists of a message", "413 `too_large`"),
    of(mcp)("idLengthMax", "Characters of the id of a request", "400, -32600"),
    of(mcp)("toolsPerPage", "Tools in one answer", "the next page has the others"),
    of(mcp)("rowsDefault", "Rows of a list whose size is not asked for", "the next page has the others"),
    of(mcp, "ms")("confirmMs", "Time that a confirmation holds", "422 `validation_failed`"),
    of(mcp, "ms")("questionMs", "Time that a question waits for a person (2025-11-25)", "the model is given a token"),
    of(mcp)("questionsMax", "Questions that wait in a process", "the model is given a token"),
    of(mcp)("questionsPerCallerMax", "Of one caller", "the model is given a token"),
    of(mcp)("shownLengthMax", "Characters of what is shown before it is confirmed", "the rest is left out"),
  ],
  body: [
    of(`${formats}/plain.ts`)("depthMax", "Objects and lists within one another", "400 `too_deep`"),
    of(`${formats}/plain.ts`)(
      "nodesMax",
      "Objects and lists (JSON, MessagePack), tags (XML), values (YAML), cells (CSV)",
      "413 `too_large`",
    ),
    of(`${formats}/ndjson.ts`, "bytes")("lineBytesMax", "Line of NDJSON", "413 `too_large`"),
    of(`${formats}/yaml.ts`, "bytes")("BYTES_MAX", "YAML document", "413 `too_large`"),
    of(`${formats}/yaml.ts`)("ALIASES_MAX", "Aliases of a YAML document", "400 `invalid_body`"),
    of(`${formats}/xml.ts`)("ATTRIBUTES_MAX", "Attributes of an XML element", "400 `invalid_body`"),
    of(`${formats}/csv-parse.ts`)("COLUMNS_MAX", "Columns of CSV", "413 `too_large`"),
  ],
  list: [
    of(query)("conditionsMax", "Conditions of a list", "422 `validation_failed`"),
    of(query)("valuesMax", "Values of one condition", "422 `validation_failed`"),
    of(query)("sortFieldsMax", "Fields of `sortBy`", "422 `validation_failed`"),
    of(query)("includesMax", "Relations of `include`", "422 `validation_failed`"),
    of(query)("includeDepthMax", "Relations within one another", "422 `validation_failed`"),
    of(query)("includedPerPage", "Rows of an included relation when `perPage` is not given", "the rest is left out"),
    of(query)("includedRowsMax", "Rows one level of relations may come to if every page were full", "422 `validation_failed`"),
    of(query)("pageMax", "Greatest `page`", "422 `validation_failed`"),
    of(query)("statisticRowsMax", "Groups of a statistic", "`pagination.truncated`"),
    of("src/contract/compile.ts")("defaultPerPage", "Rows of a page when neither call nor resource says", ""),
    of("src/contract/compile.ts")(
      "defaultMaxPerPage",
      "Greatest `perPage` when the resource does not say",
      "422 `validation_failed`",
    ),
  ],
  value: [
    of(forms)("stringLengthMax", "Characters of a `string` that has no `maxLength`", "422 `too_long`"),
    of(forms)("textLengthMax", "Characters of a `text` that has no `maxLength`", "422 `too_long`"),
    of(forms)("emailLengthMax", "Characters of an `email`", "422 `too_long`"),
    of(forms)("urlLengthMax", "Characters of a `url`", "422 `too_long`"),
    of(forms)("languageLengthMax", "Characters of a `language`", "422 `too_long`"),
    of(forms)("arrayItemsMax", "Items of an `array` that has no `maxItems`", "422 `too_many`"),
    of(forms, "bytes")("binaryBytesMax", "Size of a `binary` that has no `maxBytes`", "422 `too_many_bytes`"),
    of(forms)("jsonDepthMax", "Levels of a `json` value", "422 `too_deep`"),
    of(forms)("jsonPartsMax", "Parts of a `json` value", "422 `too_many`"),
    of(forms)("jsonCharactersMax", "Characters in the texts and keys of a `json` value", "422 `too_long`"),
    of(forms)("decimalDigitsMax", "Digits of a `decimal` before the point", "422 `too_large`"),
    of(forms)("decimalScaleDefault", "Digits of a `decimal` after the point when the field has no `scale`", "422 `too_precise`"),
    of(forms)("decimalScaleMax", "Greatest `scale`", "the service does not compile"),
    of(forms)("decimalWrittenMax", "Digits after the point that may be written, zeros included", "422 `bad_format`"),
    of("src/contract/values")("issuesMax", "Fields named in one refusal", "the rest is left out"),
  ],
  work: [
    of(writer)("queueMax", "Commands that wait for the writer", "503 `overloaded`"),
    of(writer)("batchMax", "Commands of one transaction", "the rest goes into the next one"),
    of(writer, "ms")("idempotencyMs", "How long the answer for an idempotency key is kept", "the key is new again"),
    of("src/pipeline/index.ts")("inFlightMaxDefault", "Calls being worked on at a time", "503 `overloaded`"),
    of("src/host/forward-client.ts")("waitingMax", "Commands that wait to be handed over to one other node", "503 `overloaded`"),
    of("src/sources/router.ts", "ms")("routingMsMax", "Time in which a command finds a node that takes it", "503 `unavailable`"),
    of("src/batch/lease.ts", "ms")("leaseMs", "How long a node that hangs keeps others from writing", "another node takes over"),
    of("src/sources/code/context.ts")(
      "rowsDefault",
      "Rows that `find` gives to code when it names no `limit`",
      "the rest is left out",
    ),
    of("src/sources/code/context.ts")("rowsMax", "Greatest `limit` of `find`", "an error of the service"),
    of("src/sources/code/totals.ts")("groupsMax", "Groups of `totals`", "an error of the service"),
    of("src/sources/code/document.ts", "bytes")("documentBytesMax", "Document that a function answers", "500 `internal`"),
    of(rest)("jobsMax", "Jobs of a process", "the call is answered when it is done"),
    of(rest)("jobsPerCallerMax", "Jobs of one key", "the call is answered when it is done"),
    of(rest, "ms")("jobMsMax", "How long the outcome of a job can be fetched", "404 `not_found`"),
    of(rest, "bytes")("jobBytesMax", "Memory for outcomes of jobs", "the oldest are forgotten"),
    of("src/host/run.ts", "ms")("drainMsMax", "Time for calls under way when the server stops", "they are cut off"),
    of("src/host/listen.ts")("idleSeconds", "Seconds after which an idle connection is closed", "closed"),
  ],
  callers: [
    of(`${identity}/directory.ts`, "ms")(
      "trustedMsMax",
      "How long what is known of a caller counts without news of changes",
      "it is asked for",
    ),
    of(`${identity}/attempts.ts`)("attemptsMax", "Wrong credentials of an address within a minute", "429 `too_many_attempts`"),
    of(tokens, "bytes")("tokenBytesMax", "Access token, or DPoP proof", "401 `invalid_credentials`"),
    of(tokens)("proofSeconds", "Seconds before and after which a DPoP proof counts", "401 `invalid_credentials`"),
    of(tokens)("leewaySeconds", "Seconds by which an issuer's clock may differ", "401 `invalid_credentials`"),
    of(`${oauth}/oauth.ts`, "bytes")("bodyBytesMax", "Body of a request to the authorization server", "413"),
    of(`${oauth}/door.ts`)("activeMax", "Requests at the authorization server at a time", "they wait"),
    of(`${oauth}/door.ts`)("waitingMax", "Requests that wait for it", "503"),
    of(`${oauth}/provider.ts`)("codeSeconds", "Seconds for which an authorization code can be exchanged", "`invalid_grant`"),
    of("src/host/mtls.ts")("connectionsMax", "Connections with client certificates", "closed at once"),
    of("src/host/tokens.ts", "ms")(
      "keysMsMax",
      "Time to fetch the keys of an identity provider",
      "those fetched before count for an hour more",
    ),
    of(`${people}/session-fields.ts`)(
      "idleSeconds",
      "Seconds after which an unused session of a browser ends",
      "401 `invalid_credentials`",
    ),
    of(`${people}/session-fields.ts`)(
      "absoluteSeconds",
      "Seconds after which a session ends in any case",
      "401 `invalid_credentials`",
    ),
    of(`${people}/session-fields.ts`)("sessionsMax", "Sessions of a person at a time", "the oldest ends"),
    of("src/pipeline/steps/authorize.ts")(
      "verifiedSecondsMax",
      "Seconds for which a second factor counts as shown lately",
      "403 `step_up_required`",
    ),
    of(`${people}/invitation-fields.ts`)(
      "invitationDays",
      "Days in which an invitation can be accepted",
      "422 `invitation_invalid`",
    ),
    of(`${people}/support-fields.ts`)("accessMinutesMax", "Minutes of an access for support", "422 `validation_failed`"),
    of(`${people}/app-fields.ts`)("appsMax", "Apps of one owner", "409 `too_many_apps`"),
    of(`${people}/key-fields.ts`)("keysMax", "Keys of an app that count", "409 `too_many_keys`"),
    of(`${people}/key-fields.ts`)(
      "overlapSecondsMax",
      "Seconds for which a key counts beside its successor",
      "422 `validation_failed`",
    ),
    of(`${people}/passkey-fields.ts`)("passkeysMax", "Passkeys of a person", "409 `too_many_passkeys`"),
    of(`${offers}/products.ts`)("productsMax", "Products of a tenant", "409 `too_many_rows`"),
    of(`${offers}/plans.ts`)("plansMax", "Plans of a tenant", "409 `too_many_rows`"),
    of(`${offers}/policies.ts`)("policiesMax", "Policies of a tenant", "409 `too_many_rows`"),
    of(`${offers}/policies.ts`)("callsMax", "Calls on which a draft of a policy is tried", "422 `validation_failed`"),
    of(`${offers}/role-grants.ts`)("rolesMax", "Roles of a person or an app", "409 `too_many_rows`"),
    of("services/platform/analytics/period.ts")(
      "daysMax",
      "Days that usage and analytics add up at once",
      "422 `validation_failed`",
    ),
  ],
  webhooks: [
    of(`${webhooks}/webhook-fields.ts`)("webhooksMax", "Webhooks of an app", "409 `too_many_webhooks`"),
    of(`${webhooks}/webhook-fields.ts`)("keysMax", "Keys of a webhook that sign at the same time", "409 `too_many_secrets`"),
    of(`${webhooks}/webhook-fields.ts`)(
      "overlapSecondsMax",
      "Seconds for which a key signs beside its successor",
      "422 `validation_failed`",
    ),
    of(`${webhooks}/webhook-fields.ts`)("typesMax", "Types of events", "422 `validation_failed`"),
    of(`${webhooks}/webhook-fields.ts`)("filtersMax", "Fields that are filtered by", "422 `validation_failed`"),
    of(`${webhooks}/webhook-fields.ts`)("valuesMax", "Values of such a field", "422 `validation_failed`"),
    of("src/host/webhooks/attempt.ts", "ms")("timeoutMs", "Time for a receiver to answer", "it is tried again"),
    of("src/host/webhooks/message.ts")("bodyBytesMax", "Bytes of a body", "it is sent without its data"),
    of("src/host/webhooks/waiting.ts")(
      "waitingMax",
      "Deliveries of a webhook that wait",
      "no more events are taken from the journal",
    ),
    of("src/host/webhooks/deliverer.ts")("slotsMax", "Deliveries under way on a node", "they wait"),
    of("src/host/webhooks/deliverer.ts")("tenantSlotsMax", "Deliveries under way of one tenant", "they wait"),
    of("src/host/webhooks/retention.ts")("deliveredMax", "Deliveries of a webhook in the log that were taken", "the oldest go"),
  ],
  store: [
    of(store)("rowsPerCallMax", "Rows of one read", "an error of ours"),
    of(store)("statementsMax", "Prepared statements per connection", "the rarest is prepared again"),
    of(store)("callsPerStatementMax", "Reads merged into one Postgres statement", "the rest goes into the next one"),
    of(store)("callsWaitingMax", "Reads that wait for a Postgres connection", "503 `unavailable`"),
    of(store)("rowsPerStatementMax", "Rows of one Postgres write", "several statements"),
    of(store)("conditionDepthMax", "Levels of a condition", "an error of ours"),
    of(store)("orderEntriesMax", "Fields of an order", "an error of ours"),
    of(store)("decimalDigitsMax", "Digits of a decimal", "an error of ours"),
    of(store, "ms")("statementTimeoutMs", "Time of one Postgres statement", "504 `deadline_exceeded`"),
    of(store, "ms")("lockTimeoutMs", "Time a writer waits for another process", "503 `unavailable`"),
    of(store)("writesWaitingMax", "Writes that wait for the one write transaction", "503 `overloaded`"),
  ],
};

/** A product of whole numbers as it stands in the code: `16 * 1024 * 1024`, `8_192`, `1024 ** 3`. */
const productOf = (text: string): number | undefined => {
  const factors = text.replaceAll("_", "").split(/\s*(?<!\*)\*(?!\*)\s*/);
  if (!factors.every((factor) => /^\d+$/.test(factor))) return undefined;
  return factors.reduce((product, factor) => product * Number(factor), 1);
};

/** The value in the code, and the file where it stands. Throws when it is not there, or is no number. */
export const findLimit = ({ place, name }: Pick<Limit, "place" | "name">): { readonly file: string; readonly value: number } => {
  const form = new RegExp(`\\b${name}(?:: number)?\\s*[=:]\\s*([\\d_][\\d_ *]*\\d|\\d)\\s*[,;}]`);
  for (const { file, text } of sourcesIn(place)) {
    const found = form.exec(text)?.[1];
    const value = found === undefined ? undefined : productOf(found);
    if (value !== undefined) return { file, value };
  }
  throw new Error(`${place}: there is no number ${name}`);
};

const perUnit: readonly (readonly [number, string])[] = [
  [1024 ** 2, "MiB"],
  [1024, "KiB"],
];
const perTime: readonly (readonly [number, string])[] = [
  [3_600_000, "h"],
  [60_000, "min"],
  [1_000, "s"],
];

/** `1 MiB`, `30 s`, `100,000`. */
export const shownValue = (limit: Limit): string => {
  const { value } = findLimit(limit);
  const units = limit.unit === "bytes" ? perUnit : limit.unit === "ms" ? perTime : [];
  const unit = units.find(([size]) => value >= size && value % size === 0);
  if (unit !== undefined) return `${value / unit[0]} ${unit[1]}`;
  return `${value.toLocaleString("en-US")}${limit.unit === "" ? "" : ` ${limit.unit}`}`;
};
