/**
 * A service: resources, free functions, roles, messages and versions under one name. The unit that is compiled, served and released.
 *
 *   export default service("bank", {
 *     doc: "…", version: "v2",
 *     roles: { customer: "…", teller: "…" },
 *     resources: [customers, accounts], singletons: [profile], operations: { quoteFee },
 *     older: [version("v1", { changes: [renamed("accounts", { from: "title", to: "name" })], deprecated: "2026-01-01", sunset: "2027-01-01" })],
 *   });
 */
import type { CalledServices, CallInput } from "./calls.ts";
import type { Fields, RowOf } from "./field.ts";
import type { FunctionDefinition } from "./function.ts";
import type { GraphqlDefinition } from "./graphql.ts";
import type { JobDefinition } from "./jobs.ts";
import type { LineDefinition } from "./line.ts";
import type { McpDefinition } from "./mcp.ts";
import type { ResourceDefinition, SingletonDefinition } from "./resource.ts";
import type { SoapDefinition } from "./soap.ts";
import type { VersionDefinition } from "./version.ts";

/** Messages by language (BCP 47) and key; `{name}` stands for a parameter. Keys: `error.<type>`, `field.<resource>.<field>`. */
export type Messages = Readonly<Record<string, Readonly<Record<string, string>>>>;

export interface ServiceDefinition {
  readonly kind: "service";
  readonly name: string;
  readonly title: string;
  readonly doc: string;
  /** Name of the newest version: `v1`. */
  readonly version: string;
  /**
   * Roles and what they stand for. Two names have a meaning of their own: `anyone` is a caller without credentials, `system` the installation itself;
   * neither is ever granted.
   */
  readonly roles: Readonly<Record<string, string>>;
  /** Whose its rows are: of one environment of a tenant (the default), or of the tenant as a whole, whichever environment a caller comes from. */
  readonly rowsOf?: "environment" | "tenant";
  /** Which role may act for which other, naming the row it stands for: `{ teller: "customer" }`. Both identities are recorded. */
  readonly actFor?: Readonly<Record<string, string>>;
  readonly resources: readonly ResourceDefinition[];
  readonly singletons: readonly SingletonDefinition[];
  readonly operations: Readonly<Record<string, FunctionDefinition>>;
  /** Work that nobody calls: it follows events or a clock. See `job` and `schedule`. */
  readonly jobs?: Readonly<Record<string, JobDefinition>>;
  /** Other services that its jobs call, and with which roles (`ctx.call`). */
  readonly calls?: CalledServices;
  /** Older versions, newest first; each lists what changed after it. */
  readonly older: readonly VersionDefinition[];
  readonly messages: Messages;
  /** Rows for a demonstration: called by `pons seed` and in development at the first start. */
  readonly seed?: SeedFunction;
  /** Work for the command line, by group and name: `pons ledger verify`. */
  readonly tools?: Readonly<Record<string, Readonly<Record<string, Tool>>>>;
  readonly demo?: Demo;
  /** Names, types and messages over SOAP, where they are given. */
  readonly soap?: SoapDefinition;
  /** Introspection and persisted documents. */
  readonly graphql?: GraphqlDefinition;
  /** Command words, titles and their order in the line protocol, where they are given. */
  readonly line?: LineDefinition;
  /** What agents may use, and what they have to have confirmed. */
  readonly mcp?: McpDefinition;
}

/** What there is in development beside the service. */
export interface Demo {
  /** Roles of the demo logins; without `demo`, roles that have a singleton are customers' roles, the others the staff's. */
  readonly staff: readonly string[];
  readonly customer: readonly string[];
  /**
   * Parties that jobs ask (`ctx.fetch`), played by the server itself: origin, such as `https://post.example`, → what answers, made when it is first asked.
   * Names that end in `.example` are nobody's (RFC 2606).
   */
  readonly outside?: Readonly<Record<string, () => Promise<(request: Request) => Promise<Response>>>>;
}

/** What a tool works on: the rows of one environment of one tenant, read from the database itself. */
export interface ToolContext {
  readonly tenant: string;
  readonly environment: string;
  /** All rows, in the order of `sortBy` (as in lists; by id when absent), a chunk at a time: rows that are written meanwhile may be among them. */
  scan<F extends Fields>(
    resource: ResourceDefinition<string, F>,
    options?: { readonly sortBy?: string },
  ): AsyncIterable<RowOf<F>>;
}

export interface ToolReport {
  /** Whether all is well: the exit code. */
  readonly ok: boolean;
  /** For `--json`. */
  readonly facts: Readonly<Record<string, unknown>>;
  /** For people. */
  readonly lines: readonly string[];
}

/** Work for the command line that only reads. Run for each environment that is asked for. */
export interface Tool {
  /** One line. */
  readonly doc: string;
  run(ctx: ToolContext): Promise<ToolReport>;
}

/** Inserts demo rows; deterministic. Yields the number of rows done so far, for progress. */
export type SeedFunction = (seeder: Seeder) => AsyncIterable<{ readonly done: number; readonly total: number }>;

/** Calls operations as staff of the demo tenant, in batches. */
export interface Seeder {
  /**
   * `call("customers.create", bodies)`: one verdict per body; throws when one is refused. Returns their data. Of a service that `calls` names:
   * `call("bank.customers.create", bodies)`.
   */
  call(operation: string, bodies: readonly unknown[]): Promise<Record<string, unknown>[]>;
  /** Rows of a list, own or of a service that `calls` names; none where that one is not served. `list("bank.accounts.list", { filters: { currency: "EUR" } })` */
  list(operation: string, asked?: Pick<CallInput, "filters" | "sortBy" | "perPage">): Promise<Record<string, unknown>[]>;
  /** Inserts rows as they are (past states that no operation can make), through the writer; what they leave out is the default or null. */
  insert(resource: ResourceDefinition, rows: readonly Record<string, unknown>[]): Promise<void>;
  /** A seeded generator of numbers in [0, 1). */
  readonly random: () => number;
}

type Spec = Omit<
  ServiceDefinition,
  "kind" | "name" | "title" | "singletons" | "operations" | "older" | "messages" | "resources"
> & {
  readonly title?: string;
  readonly resources: readonly ResourceDefinition[];
  readonly singletons?: readonly SingletonDefinition[];
  readonly operations?: Readonly<Record<string, FunctionDefinition>>;
  readonly older?: readonly VersionDefinition[];
  readonly messages?: Messages;
};

/** Defines a service. Checked when compiled: `compile(service)` names what does not fit. */
export const service = (name: string, spec: Spec): ServiceDefinition => ({
  kind: "service",
  title: `${name[0]?.toUpperCase() ?? ""}${name.slice(1)}`,
  singletons: [],
  operations: {},
  older: [],
  messages: {},
  name,
  ...spec,
});
