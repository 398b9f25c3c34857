/**
 * What a service calls of others. Its own code says so, in a job's `work`:
 *
 *   calls: { bank: { roles: ["teller"], optional: true } },
 *   jobs: {
 *     pay: job({
 *       on: "invoices.due",
 *       work: (ctx, event) => ctx.call("bank.transfers.create", { body: { id: …, debit: …, … } }),
 *       run: (ctx, event, answer) => ctx.table(invoices).update(event.row, answer.ok ? { state: "paid" } : { refusal: answer.type }),
 *     }),
 *   }
 *
 * The call passes the whole pipeline and is the service's own: the journal and the audit name `service:delivery` as the app, and no user. It has the
 * roles that are declared here, whoever has caused the event: nobody else is given them.
 */

/** One of the services that another one calls. */
export interface CalledService {
  /** Roles of that service that the calls have. */
  readonly roles: readonly string[];
  /** The service does without where the other one is not served; else it does not start there. */
  readonly optional?: true;
}

/** Service → with which roles it is called. */
export type CalledServices = Readonly<Record<string, CalledService>>;

export interface CallInput {
  /** The row, for operations on one. */
  readonly id?: string;
  /** As a channel would have it from JSON; bigints may stand for money and long integers. */
  readonly body?: unknown;
  /** Rows of a list: field → the value that it has. */
  readonly filters?: Readonly<Record<string, string | number | boolean>>;
  /** `["balance.desc"]`. */
  readonly sortBy?: readonly string[];
  readonly perPage?: number;
}

/** What came of a call. `data` as JSON has it: integers beyond 2^53−1 are strings. */
export type CallAnswer =
  | {
      readonly ok: true;
      readonly status: 200 | 201 | 202 | 204;
      readonly data: unknown;
      /** The other service had done it before. */
      readonly isReplayed: boolean;
    }
  | {
      readonly ok: false;
      /** `insufficient_funds`; `service_not_served` where an optional service is not there. */
      readonly type: string;
      readonly status: number;
      readonly details: Readonly<Record<string, unknown>>;
    };

/** How a job's `work` reaches other services. */
export interface Calling {
  /** Whether a service that `calls` names is served here. */
  serves(service: string): boolean;
  /**
   * Runs an operation of a service that `calls` names: `await ctx.call("bank.transfers.create", { body })`, in the tenant and environment of the event.
   * What the operation refuses is an answer. Throws where trying again may help (429, 5xx), so that the job is tried again; and for what is a mistake of
   * the definition: a service that `calls` does not name, an operation that is not there.
   *
   * `work` may run again after the call was made: name what must not happen twice, by an id that follows from the event or the row.
   */
  call(operation: string, input?: CallInput): Promise<CallAnswer>;
}
