/** How a job's `work` calls other services: as its own service, through the whole pipeline. */
import type { Contract } from "../../contract/contract.ts";
import type { JobContract } from "../../contract/jobs.ts";
import type { CallAnswer, CallInput, Calling } from "../../define/calls.ts";
import type { Call, Input, Result } from "../../pipeline/call.ts";
import { tenantEnvironment } from "../../pipeline/identity/realm.ts";
import { jsonReady } from "../../pipeline/json-ready.ts";
import type { MaybePromise } from "../../store/store.ts";
import type { Caller } from "../code/context.ts";

/** What calls are made with. */
export interface Switchboard {
  readonly contracts: ReadonlyMap<string, Contract>;
  readonly run: (call: Call) => MaybePromise<Result>;
  readonly realmOf: (tenant: string, environment: string) => MaybePromise<number>;
}

/** Of which job a call comes, and because of which event or moment. */
export interface About {
  readonly job: JobContract;
  /** `123-0`, or the moment of a schedule. */
  readonly of: string;
  readonly depth: number;
}

/** As whom a service calls: it is named as the app, in the journal and the audit. Apps that are registered are called otherwise. */
export const appOf = (service: string): string => `service:${service}`;

const notServed: CallAnswer = { ok: false, type: "service_not_served", status: 501, details: {} };

/** A call's input as the pipeline has it. */
export const inputOf = ({ id, body, filters, sortBy, perPage }: CallInput): Input => {
  const query = {
    ...(filters === undefined
      ? {}
      : {
          filters: Object.entries(filters).map(([path, value]) => ({ path, op: "eq" as const, values: [value], as: path })),
        }),
    ...(sortBy === undefined ? {} : { sortBy }),
    ...(perPage === undefined ? {} : { perPage }),
  };
  return {
    ...(id === undefined ? {} : { id }),
    ...(body === undefined ? {} : { body: jsonReady(body) }),
    ...(Object.keys(query).length === 0 ? {} : { query }),
  };
};

/** What the caller may go by; what may pass throws. */
const answerOf = (result: Result, operation: string): CallAnswer => {
  if (result.ok) return { ok: true, status: result.status, data: result.data, isReplayed: result.replayed === true };
  const { type, status, issues, details = {} } = result.refusal;
  if (status === 429 || status >= 500) throw new Error(`${operation} was not done: ${type}`);
  return { ok: false, type, status, details: issues === undefined ? details : { ...details, issues } };
};

/** Other services, for one run of `work` in the realm of `caller`. */
export const callingFrom = (
  { contracts, run, realmOf }: Switchboard,
  caller: Caller,
  { job, of, depth, signal }: About & { readonly signal: AbortSignal },
): Calling => {
  const calls = contracts.get(job.service)?.definition.calls ?? {};
  const declared = (service: string) => {
    const found = Object.hasOwn(calls, service) ? calls[service] : undefined;
    if (found === undefined) throw new TypeError(`${job.service} does not say that it calls "${service}": \`calls\``);
    return found;
  };
  return {
    serves: (service) => {
      declared(service);
      return contracts.has(service);
    },
    async call(name, input = {}) {
      const at = name.indexOf(".");
      const service = name.slice(0, Math.max(at, 0));
      const { roles } = declared(service);
      const contract = contracts.get(service);
      if (contract === undefined) return notServed;
      const operation = contract.operations.get(name.slice(at + 1));
      if (operation === undefined) throw new TypeError(`${service} has no operation "${name.slice(at + 1)}"`);
      const { tenant, environment } = caller;
      const realm = operation.rowsOf === job.rowsOf ? caller.realm : await realmOf(tenant, tenantEnvironment);
      const result = await run({
        operation,
        input: inputOf(input),
        credentials: { kind: "none" },
        principal: {
          tenant,
          environment,
          realm,
          app: appOf(job.service),
          user: null,
          subject: null,
          roles: roles.toSorted(),
          authentication: "system",
        },
        locale: "en",
        requestId: `job ${job.name} ${of}`,
        channel: "system",
        depth,
        signal,
      });
      return answerOf(result, name);
    },
  };
};
