/**
 * Origins of pages that some tenant's policy lets call. A browser asks before it calls (a preflight, Fetch standard) and shows no credentials then, so
 * nobody knows yet whose call it will be: it is told yes where any tenant allows its origin, and the call itself is judged by its own tenant's policies.
 */
import { checkPolicy, type PolicySettings } from "../../define/policy.ts";
import type { Directory } from "../../pipeline/identity/directory.ts";
import type { MaybePromise } from "../../store/store.ts";
import { exposed } from "./headers.ts";

/** Reads id and settings of every enabled policy of kind `cors`, of all tenants. */
export type ReadCors = () => MaybePromise<readonly { readonly id: string; readonly settings: unknown }[]>;

type Cors = PolicySettings["cors"];

interface Allowed {
  allowCredentials: boolean;
  maxAgeSeconds: number;
}

const originsMax = 100_000;
const gatherMs = 50;

export class Origins {
  readonly #read: ReadCors;
  readonly #onError: (error: unknown) => void;
  #allowed = new Map<string, Allowed>();
  /** What was in force of each policy: one that does not fit is left out in favour of it. */
  #known = new Map<string, Cors>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: { readonly directory: Directory; readonly read: ReadCors; readonly onError: (error: unknown) => void }) {
    this.#read = options.read;
    this.#onError = options.onError;
    options.directory.onChange((changed) => {
      if (changed.some(({ kind }) => kind === "policy")) this.#later();
    });
  }

  /** Reads them all; at the start, and whenever a policy has changed. */
  async load(): Promise<void> {
    const allowed = new Map<string, Allowed>();
    const known = new Map<string, Cors>();
    for (const { id, settings } of await this.#read()) {
      const verdict = checkPolicy({ kind: "cors", settings });
      if (!verdict.ok) this.#onError(new Error(`policy ${id} does not fit and is left out: ${JSON.stringify(verdict.issues)}`));
      const fitting = verdict.ok ? (settings as Cors) : this.#known.get(id);
      if (fitting !== undefined) known.set(id, fitting);
    }
    for (const { origins, allowCredentials, maxAgeSeconds } of known.values()) {
      for (const origin of origins) {
        if (allowed.size >= originsMax) break;
        const before = allowed.get(origin);
        allowed.set(origin, {
          allowCredentials: allowCredentials || before?.allowCredentials === true,
          maxAgeSeconds: Math.min(maxAgeSeconds, before?.maxAgeSeconds ?? maxAgeSeconds),
        });
      }
    }
    this.#known = known;
    this.#allowed = allowed;
  }

  #later(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.load().catch(this.#onError);
    }, gatherMs);
    this.#timer.unref();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  /** Headers of the answer to a preflight; none where no tenant allows the origin. */
  preflight(origin: string, methods: readonly string[]): readonly (readonly [string, string])[] {
    const found = this.#of(origin);
    if (found === undefined) return [];
    return [
      ...found.origin,
      ["Access-Control-Allow-Methods", methods.join(", ")],
      ["Access-Control-Allow-Headers", allowedHeaders],
      ["Access-Control-Max-Age", String(found.maxAgeSeconds)],
    ];
  }

  /** Headers of a refusal before anybody knew whose call it was; none where no tenant allows the origin. */
  refusal(origin: string): readonly (readonly [string, string])[] {
    const found = this.#of(origin);
    return found === undefined ? [] : [...found.origin, ["Access-Control-Expose-Headers", exposed]];
  }

  #of(origin: string): { readonly origin: readonly (readonly [string, string])[]; readonly maxAgeSeconds: number } | undefined {
    const named = this.#allowed.get(origin);
    const found = named ?? this.#allowed.get("*");
    if (found === undefined || origin === "null") return undefined;
    return {
      origin: [
        ["Access-Control-Allow-Origin", named === undefined ? "*" : origin],
        ...(named?.allowCredentials === true ? ([["Access-Control-Allow-Credentials", "true"]] as const) : []),
      ],
      maxAgeSeconds: found.maxAgeSeconds,
    };
  }
}

/** Headers that a page may send. */
const allowedHeaders = [
  "Accept",
  "Accept-Language",
  "Authorization",
  "Baggage",
  "Connect-Accept-Encoding",
  "Connect-Content-Encoding",
  "Connect-Protocol-Version",
  "Connect-Timeout-Ms",
  "Content-Digest",
  "Content-Encoding",
  "Content-Type",
  "DPoP",
  "Grpc-Accept-Encoding",
  "Grpc-Encoding",
  "Grpc-Timeout",
  "Idempotency-Key",
  "If-Match",
  "If-None-Match",
  "Last-Event-ID",
  "MCP-Protocol-Version",
  "Mcp-Method",
  "Mcp-Name",
  "Pons-Act-For",
  "Pons-Reason",
  "Pons-Tenant",
  "Prefer",
  "Signature",
  "Signature-Input",
  "SOAPAction",
  "Traceparent",
  "Tracestate",
  "X-Api-Key",
  "X-CSRF-Token",
  "X-Grpc-Web",
  "X-Request-Id",
  "X-User-Agent",
].join(", ");
