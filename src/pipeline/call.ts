/**
 * A call: one operation asked for once, in the same shape whichever channel it came through. A batch is many calls.
 */
import type { Operation } from "../contract/contract.ts";
import type { SessionChange } from "../define/function.ts";
import type { Caller } from "./identity/caller.ts";
import type { Credentials } from "./identity/credentials.ts";
import type { LimitState } from "./gate.ts";
import type { Page, RowGroup } from "./page.ts";
import type { Refusal } from "./refusal.ts";
import type { Names } from "./words.ts";

export type { Credentials };

type Header = readonly [name: string, value: string];

/** What came to light on the way of a request's calls, for the channel to tell: filled by the pipeline. */
export interface Findings {
  /** Limits that were asked, most constraining first, as they stand after the last call. */
  limits?: readonly LimitState[] | undefined;
  /** Who called, once it is known. */
  caller?: Caller | undefined;
  /** The session that began or ended. */
  session?: SessionChange | undefined;
  /** Further headers, where the channel has them: limits, what policies say of age and caching. */
  headers?: readonly Header[] | undefined;
  /** What a page of another origin may do with the answer: what all calls allow it. */
  cors?: readonly Header[] | undefined;
}

/** One condition as a channel parsed it: `price>=500` → { path: "price", op: "gte", values: ["500"] }. */
export interface RawFilter {
  readonly path: string;
  readonly op: "eq" | "ne" | "lt" | "lte" | "gt" | "gte" | "contains" | "startsWith" | "null";
  readonly values: readonly unknown[];
  /** How the caller wrote it, for the refusal: `price[gte]`. */
  readonly as: string;
}

export interface RawNamedFilter {
  readonly name: string;
  readonly params: Readonly<Record<string, unknown>>;
}

export interface RawInclude {
  readonly name: string;
  readonly perPage?: unknown;
  readonly sortBy?: readonly string[];
  readonly include?: readonly RawInclude[];
}

/** What a list is asked for, unchecked. Values may be text (a query string) or typed (a JSON body of QUERY). */
export interface RawQuery {
  readonly filters?: readonly RawFilter[];
  readonly named?: readonly RawNamedFilter[];
  /** `["name.desc", "price.asc"]`. */
  readonly sortBy?: readonly string[];
  readonly page?: unknown;
  readonly perPage?: unknown;
  readonly cursor?: string;
  readonly count?: unknown;
  readonly fields?: readonly string[];
  readonly include?: readonly RawInclude[];
  /** Chosen fields that the caller does not see are left out, in place of a refusal: for channels whose fields are typed. */
  readonly onlyShown?: true;
  /** The page can tell a cursor for each of its rows (`page.cursorAt`). */
  readonly cursors?: true;
  /** Nobody asks whether there is a page behind this one: the page says nothing of it, and is not counted. */
  readonly isAlone?: true;
}

/** The operation's input, unchecked. Which parts count follows from the operation. */
export interface Input {
  /** Item operations. */
  readonly id?: string;
  /** Lists of a related collection: `/accounts/{id}/transfers` is `transfers.list` under this parent. */
  readonly parent?: { readonly resource: string; readonly id: string; readonly relation: string };
  /** `get` of several rows at once: `data` has an entry for each id, in their order, null where the caller sees none. */
  readonly ids?: readonly string[];
  /**
   * As `parent`, for several rows at once, which the caller was shown before: `data` is the rows of all of them, in the order of `ids`; `groups` in the
   * answer says how many belong to each.
   */
  readonly parents?: { readonly resource: string; readonly ids: readonly string[]; readonly relation: string };
  /** create, update, replace, functions. Plain value of the body. */
  readonly body?: unknown;
  readonly query?: RawQuery;
}

export interface Call {
  readonly operation: Operation;
  readonly input: Input;
  readonly credentials: Credentials;
  /** Set when the caller is known already (an item of a batch, the seeder). */
  readonly principal?: Caller;
  /** Tenant that the request names (`Pons-Tenant`, or the host's): whose it is where the credentials do not tell. */
  readonly tenant?: string;
  /** Host that a request without credentials names: may be a tenant's own domain. */
  readonly host?: string;
  /** The row for which the caller acts, and why (`Pons-Act-For`). */
  readonly actFor?: { readonly subject: string; readonly reason: string | null };
  /** Page that calls, where a browser says so. */
  readonly origin?: string;
  /** Bytes of the request's body, packed or unpacked, whichever are more. */
  readonly bodyBytes?: number;
  /** Told what comes to light. */
  readonly findings?: Findings;
  /** An older version's name; absent: the newest. */
  readonly version?: string;
  /** Languages in order of preference are resolved by the channel; this is the one that will be answered. */
  readonly locale: string;
  readonly requestId: string;
  readonly traceparent?: string;
  /** Already qualified with the position in a batch. */
  readonly idempotencyKey?: string;
  /** Entity tags of If-Match; `["*"]` for any. */
  readonly ifMatch?: readonly string[];
  /** Milliseconds since the epoch. */
  readonly deadline?: number;
  readonly signal?: AbortSignal;
  /** Values of the body and query are text (XML, CSV, query strings): numbers and booleans are read from strings. */
  readonly text?: boolean;
  /** Address of the caller as text, for the record. */
  readonly address?: string;
  /** The same, looked up only when it is asked for. */
  readonly peer?: { readonly address: string };
  /** Channel the call came through: "rest". */
  readonly channel: string;
  /** The channel's names are fixed by a schema: policies give fields no others. */
  readonly hasFixedNames?: true;
  /** GraphQL: of a document that the caller has sent, and nobody has registered. */
  readonly isOwnDocument?: true;
  /** Units that it counts, as the node that was asked has found. */
  readonly units?: number;
  /** Names that policies of the node that was asked give to fields: the input is under the definition's already. */
  readonly names?: Names;
  /** Another node has handed it over: it runs here or not at all. */
  readonly isHandedOver?: true;
  /** Asks only whether its credentials still count, for a connection that stays open: they are not in use by that. */
  readonly isIdle?: true;
  /** Jobs, one because of the other, that it comes of; absent: somebody calls. */
  readonly depth?: number;
  /** Told when it has passed all steps and is handed to its source: what is run after it comes after it. */
  readonly onRun?: () => void;
}

export type Result =
  | {
      readonly ok: true;
      readonly status: 200 | 201 | 202 | 204;
      /** JSON-ready: money beyond 2^53−1 is a string, bytes are base64. Absent for 204. */
      readonly data: unknown;
      readonly page?: Page;
      /** Of a list for several parents: how many of the rows belong to each, and where its list stands. */
      readonly groups?: readonly RowGroup[];
      /** Set when an earlier answer was given again. */
      readonly replayed?: true;
      /** id of the row created, for Location. */
      readonly id?: string;
      readonly session?: SessionChange;
    }
  | { readonly ok: false; readonly refusal: Refusal; readonly replayed?: true };
