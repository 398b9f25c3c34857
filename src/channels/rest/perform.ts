/** The third step: the endpoint is run, and what came of it becomes an answer. */
import type { Call, Result } from "../../pipeline/call.ts";
import { invalid, refuse } from "../../pipeline/refusal.ts";
import type { Refusal } from "../../pipeline/refusal.ts";
import { answerData, represent } from "./answer-data.ts";
import { answerRefusal } from "./answer-refusal.ts";
import { readBody } from "./body.ts";
import { readCommand } from "./command.ts";
import type { Outcome } from "./command.ts";
import type { RestConfig } from "./config.ts";
import type { Endpoint, OpenEndpoint, OperationEndpoint } from "./endpoint.ts";
import { callOf } from "./exchange.ts";
import type { Exchange } from "./exchange.ts";
import { checkParameters, prepareCall } from "./input.ts";
import { ownerOf } from "../../pipeline/identity/credentials.ts";
import { pickProperty } from "./property.ts";
import { readQueryBody } from "./query-body.ts";
import type { CollectedQuery } from "./query-collector.ts";
import type { Match } from "./route.ts";
import { answerStream } from "./row-stream.ts";
import type { Answer } from "./send.ts";
import { answerVerdicts, verdictOf } from "./verdict.ts";
import type { Verdict } from "./verdict.ts";

interface Given {
  readonly match: Match;
  readonly query: CollectedQuery;
}

const answerResult = (exchange: Exchange, endpoint: OperationEndpoint, result: Result): Answer => {
  if (result.ok) return answerData(exchange, endpoint, result);
  const answer = answerRefusal(exchange, result.refusal, endpoint);
  return result.replayed === true ? { ...answer, headers: [...(answer.headers ?? []), ["Idempotent-Replayed", "true"]] } : answer;
};

const answerOne = (exchange: Exchange, endpoint: OperationEndpoint, result: Result): Answer =>
  answerResult(exchange, endpoint, pickProperty(endpoint, result));

const answerLate = async (exchange: Exchange, endpoint: OperationEndpoint, result: Promise<Result>): Promise<Answer> =>
  answerOne(exchange, endpoint, await result);

/** A read: nothing is awaited that the pipeline does not wait for. */
const read = (config: RestConfig, exchange: Exchange, endpoint: OperationEndpoint, call: Call): Answer | Promise<Answer> => {
  const { query } = call.input;
  const isPage = query?.page !== undefined || query?.perPage !== undefined || query?.cursor !== undefined;
  if (endpoint.kind === "list" && exchange.output.format.streams && !isPage) {
    const streamed = answerStream(exchange, config.pipeline, endpoint, { ...call, signal: exchange.request.signal });
    return streamed.then((answer) => ("type" in answer ? answerRefusal(exchange, answer, endpoint) : answer));
  }
  const result = config.pipeline.run(call);
  return result instanceof Promise ? answerLate(exchange, endpoint, result) : answerOne(exchange, endpoint, result);
};

/** What is refused here counts like any other call, and is refused otherwise where the gate says so: its answer tells of limits too. */
const declined = async (
  config: RestConfig,
  exchange: Exchange,
  endpoint: OperationEndpoint,
  refusal: Refusal,
): Promise<Answer> => {
  const told = await config.pipeline.decline(callOf(exchange, endpoint.operation, {}), refusal);
  return answerRefusal(exchange, told, endpoint);
};

/** QUERY (RFC 10008): the parameters are the body; of the address only `language` and `envelope` count. */
const readByBody = async (config: RestConfig, exchange: Exchange, endpoint: OperationEndpoint, given: Given): Promise<Answer> => {
  const misplaced = checkParameters({ ...endpoint, query: "none" }, given.query.query);
  if (misplaced !== undefined) return declined(config, exchange, endpoint, misplaced);
  const found = await readBody(exchange.request, {
    bytesMax: config.limits.bodyBytesMax,
    need: "required",
    takesMany: false,
    content: exchange.content,
  });
  if (!("kind" in found)) return declined(config, exchange, endpoint, found);
  exchange.bodyBytes = found.bytes;
  const query = readQueryBody(found.body?.value, config.limits);
  if (!("query" in query)) return declined(config, exchange, endpoint, query);
  if (query.issues !== undefined) return declined(config, exchange, endpoint, invalid(query.issues));
  if (query.envelope === false) exchange.isBare = true;
  if (query.language !== undefined) {
    const language = config.languages.lookup(query.language);
    if (language === undefined) {
      return declined(
        config,
        exchange,
        endpoint,
        invalid({ language: [{ code: "bad_format", params: { format: "language" } }] }),
      );
    }
    exchange.locale = language;
  }
  const call = prepareCall(exchange, { endpoint, match: given.match, query: query.query });
  if (!("operation" in call)) return declined(config, exchange, endpoint, call);
  return read(config, exchange, endpoint, { ...call, text: found.body?.text ?? false });
};

const answerOutcome = (exchange: Exchange, endpoint: Endpoint, outcome: Outcome): Answer => {
  if ("verdicts" in outcome) return answerVerdicts(exchange, outcome.verdicts, outcome.strategy);
  const { result } = outcome;
  if ("operation" in endpoint) return answerResult(exchange, endpoint, result);
  return answerRefusal(exchange, result.ok ? refuse("internal") : result.refusal);
};

/** An outcome as the one verdict that a job keeps. */
const verdictOfOutcome = (exchange: Exchange, endpoint: Endpoint, outcome: Outcome): Verdict => {
  if ("result" in outcome) return verdictOf(exchange, outcome.result, "operation" in endpoint ? endpoint : undefined);
  const { status } = answerVerdicts(exchange, outcome.verdicts, outcome.strategy);
  return { success: status !== 422, status, data: outcome.verdicts };
};

/** What comes within the time, else undefined. */
const within = async (outcome: Promise<Outcome>, waitMs: number): Promise<Outcome | undefined> => {
  const patience = Promise.withResolvers<undefined>();
  const timer = setTimeout(patience.resolve, waitMs);
  try {
    return await Promise.race([outcome, patience.promise]);
  } finally {
    clearTimeout(timer);
  }
};

/** Waits as long as the caller is ready to (`wait`), then leaves the rest to a job, where there is room for one. */
const answerLater = async (
  config: RestConfig,
  exchange: Exchange,
  endpoint: Endpoint,
  outcome: Promise<Outcome>,
): Promise<Answer> => {
  const { credentials, preferences } = exchange;
  const owner = ownerOf(credentials);
  if (owner === undefined || !config.jobs.hasRoom(owner)) return answerOutcome(exchange, endpoint, await outcome);
  const waitMs = Math.min((preferences.waitSeconds ?? 0) * 1000, config.limits.callMsMax);
  const inTime = waitMs > 0 ? await within(outcome, waitMs) : undefined;
  if (inTime !== undefined) return answerOutcome(exchange, endpoint, inTime);
  const fail = (error: unknown): Verdict => {
    config.hooks.onError?.(error, { requestId: exchange.requestId, method: exchange.method, path: exchange.path });
    return verdictOf(exchange, { ok: false, refusal: refuse("internal") });
  };
  const job = config.jobs.start(owner, outcome.then((done) => verdictOfOutcome(exchange, endpoint, done)).catch(fail));
  const { body, contentType } = represent(exchange, job);
  return {
    status: 202,
    body,
    contentType,
    headers: [
      ["Location", `${exchange.base}/jobs/${job.id}`],
      ["Retry-After", "1"],
    ],
    applied: { respondAsync: true },
  };
};

const write = async (
  config: RestConfig,
  exchange: Exchange,
  endpoint: Exclude<OpenEndpoint, { kind: "job" }>,
  given: Given,
): Promise<Answer> => {
  const misplaced = endpoint.kind === "batch" ? checkNone(given.query) : checkParameters(endpoint, given.query.query);
  const start = misplaced ?? (await readCommand(config, exchange, { endpoint, match: given.match }));
  if (typeof start !== "function")
    return "operation" in endpoint ? declined(config, exchange, endpoint, start) : answerRefusal(exchange, start);
  const outcome = start();
  if (!(outcome instanceof Promise)) return answerOutcome(exchange, endpoint, outcome);
  if (exchange.preferences.respondAsync === true) return answerLater(config, exchange, endpoint, outcome);
  return answerOutcome(exchange, endpoint, await outcome);
};

/** The batch address and jobs take no parameters but those of every address. */
const checkNone = (query: CollectedQuery): Refusal | undefined => {
  const names = Object.keys(query.query);
  if (names.length === 0) return undefined;
  const written = query.query.filters?.map((filter) => filter.as) ?? [];
  return invalid(
    Object.fromEntries(
      [...names.filter((name) => name !== "filters"), ...written].map((name) => [name, [{ code: "unknown_field" }]]),
    ),
  );
};

const poll = (config: RestConfig, exchange: Exchange, id: string): Answer => {
  const { credentials } = exchange;
  const owner = ownerOf(credentials);
  if (owner === undefined) return answerRefusal(exchange, refuse("unauthenticated"));
  const job = config.jobs.find(owner, id);
  if (job === undefined) return answerRefusal(exchange, refuse("not_found"));
  const { body, contentType } = represent(exchange, job);
  return { status: 200, body, contentType, ...(job.status === "running" ? { headers: [["Retry-After", "1"]] } : {}) };
};

/** Runs an endpoint. */
export const perform = (
  config: RestConfig,
  exchange: Exchange,
  endpoint: OpenEndpoint,
  given: Given,
): Answer | Promise<Answer> => {
  if (endpoint.kind === "job") {
    const misplaced = checkNone(given.query);
    return misplaced === undefined ? poll(config, exchange, given.match.id ?? "") : answerRefusal(exchange, misplaced);
  }
  if (exchange.method === "QUERY" && endpoint.kind === "list") return readByBody(config, exchange, endpoint, given);
  if (exchange.method !== "GET" || endpoint.kind === "batch") return write(config, exchange, endpoint, given);
  const { query } = given.query;
  const call = prepareCall(exchange, { endpoint, match: given.match, query });
  return "operation" in call ? read(config, exchange, endpoint, call) : declined(config, exchange, endpoint, call);
};
