/**
 * What a protocol is that lives below `/{service}/{version}/`: the front finds the service version, reads language, credentials and who is meant, and adds
 * to every answer what all HTTP channels have in common.
 */
import type { Contract } from "../../contract/contract.ts";
import type { Numbers } from "../../contract/lock/numbers.ts";
import type { Pipeline } from "../../pipeline/pipeline.ts";
import type { Refusal } from "../../pipeline/refusal.ts";
import type { HttpExchange } from "./exchange.ts";
import type { LanguageChooser } from "./language.ts";
import type { RequestIds } from "./request-id.ts";

export interface HttpChannel {
  /** In journal, audit and usage: `graphql`. */
  readonly name: string;
  /** Methods it takes, as `Allow` names them. */
  readonly methods: readonly string[];
  /** Most bytes of a body. */
  readonly bodyBytesMax: number;
  /** Answers; never throws for what a caller sent. `rest`: decoded segments of the path behind the channel's own. */
  handle(exchange: HttpExchange, rest: readonly string[]): Response | Promise<Response>;
  /** A refusal in the channel's form: credentials that cannot be read (400, 401, 403), a wrong method (405), a version that is over (410). */
  refuse(exchange: HttpExchange, refusal: Refusal): Response | Promise<Response>;
  /** The server stops: open streams are told and ended. */
  close?(): void | Promise<void>;
}

/** A channel whose addresses stand at the root: `/bank.v2.Bank/GetAccount`. */
export interface RootChannel extends HttpChannel {
  /** The service version that a first segment names; undefined: none. */
  versionOf(segment: string): { readonly service: string; readonly version: string } | undefined;
}

/** What channels are made of. */
export interface ChannelParts {
  readonly contracts: ReadonlyMap<string, Contract>;
  readonly pipeline: Pipeline;
  readonly publicOrigin: string | undefined;
  readonly mode: "development" | "production";
  /** Numbers of fields for binary formats, as the service's lock has them. */
  numbersOf(contract: Contract): Numbers;
  /** Told of errors that are ours; nothing of them reaches a caller. */
  onError(error: unknown, at: { readonly requestId: string; readonly channel: string }): void;
  /** Whether some tenant lets pages of an origin call (a policy of kind `cors`). */
  allowsOrigin(origin: string): boolean;
  /** A secret of 256 bits that follows from the installation's own and a label: the same on every node. */
  secretOf(label: string): Uint8Array;
  readonly languages: LanguageChooser;
  readonly requestIds: RequestIds;
  /** Milliseconds since the epoch. */
  now(): number;
}
