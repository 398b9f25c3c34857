/** What the parts of the channel share: given by the host, or compiled from it at start. */
import type { Contract } from "../../contract/contract.ts";
import type { Pipeline } from "../../pipeline/pipeline.ts";
import type { SigningKey } from "../../pipeline/identity/credentials.ts";
import type { Refusal } from "../../pipeline/refusal.ts";
import type { HttpChannel, LanguageChooser, RequestIds, RootChannel } from "../http/index.ts";
import type { ItemAddresses } from "./item-addresses.ts";
import type { Jobs } from "./jobs.ts";
import type { RestLimits } from "./limits.ts";
import type { Places } from "./place.ts";

/** Answers a document of a service version: `openapi.json`, `docs`. */
export type DocumentHandler = (request: Request) => Response | Promise<Response>;

export interface RestHooks {
  /** Told of what was thrown where nothing may be thrown; nothing of it reaches a caller. The path has no query: keys may stand there. */
  readonly onError?: (
    error: unknown,
    request: { readonly requestId: string; readonly method: string; readonly path: string },
  ) => void;
  /** Told of credentials that no call was made with: put wrongly, or of a kind that is not served. What calls are refused with, the pipeline tells. */
  readonly onRefused?: (
    refusal: Refusal,
    request: {
      readonly requestId: string;
      readonly operation: string | null;
      readonly address: string;
      readonly tenant: string | null;
      /** Absent: this one. */
      readonly channel?: string;
    },
  ) => void;
}

type Header = readonly [name: string, value: string];

/** Pages of other origins (Fetch standard). */
export interface CrossOrigin {
  /** Headers of the answer to a browser that asks whether a page may call. */
  preflight(origin: string, methods: readonly string[]): readonly Header[];
  /** Headers by which a page may read a refusal that was made before anybody knew whose call it was: of wrong credentials, of what cannot be read. */
  refusal(origin: string): readonly Header[];
}

export interface RestOptions {
  readonly contracts: readonly Contract[];
  readonly pipeline: Pipeline;
  /** Changes of the default limits. */
  readonly limits?: Partial<RestLimits>;
  /** Full path (`/bank/v1/openapi.json`) → handler, for GET and HEAD. */
  readonly documents?: ReadonlyMap<string, DocumentHandler>;
  /** Channels beside REST, by the segment below a service version: `/bank/v2/graphql`. */
  readonly channels?: ReadonlyMap<string, HttpChannel>;
  /** The channel whose addresses begin with a name that has a dot: `/bank.v2.Bank/GetAccount`. */
  readonly rootChannel?: RootChannel;
  /** `example.com`: services are also at `v1.bank.example.com`. */
  readonly baseDomain?: string;
  /** `https://api.example.com`: how callers reach it; what is signed and bound names it. Absent: as each request says. */
  readonly publicOrigin?: string;
  /** What pages of other origins are told before it is known whose call it is. Absent: nothing. */
  readonly origins?: CrossOrigin;
  readonly hooks?: RestHooks;
  /** Keys of an app that sealed calls are opened with: `app_…`, `app_…/sandbox`. Absent: nobody has any. */
  readonly signingKeys?: (keyId: string) => Promise<readonly SigningKey[]>;
  /** Milliseconds since the epoch; replaceable for tests. */
  readonly now?: () => number;
  /** Shared with other channels; absent: its own. */
  readonly requestIds?: RequestIds;
  readonly languages?: LanguageChooser;
}

export interface RestConfig {
  readonly pipeline: Pipeline;
  readonly limits: RestLimits;
  readonly documents: ReadonlyMap<string, DocumentHandler>;
  readonly channels: ReadonlyMap<string, HttpChannel>;
  readonly rootChannel: RootChannel | undefined;
  readonly places: Places;
  /** Absent under a base domain. */
  readonly items: ItemAddresses | undefined;
  readonly languages: LanguageChooser;
  readonly requestIds: RequestIds;
  readonly jobs: Jobs;
  readonly hooks: RestHooks;
  readonly signingKeys: NonNullable<RestOptions["signingKeys"]>;
  readonly publicOrigin: string | undefined;
  readonly origins: CrossOrigin | undefined;
  readonly now: () => number;
  /** Every refusal type there is, for /problems/{type}. */
  readonly problems: ReadonlyMap<string, { readonly status: number; readonly doc: string }>;
}
