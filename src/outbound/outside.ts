/**
 * `ctx.fetch` of jobs: requests to parties that a service works with, bounded in every way.
 *
 *   const outside = new Outside({ allow: [], secrets: [{ name: "post", origin: "https://api.post.example", value: "…" }] });
 *   await outside.fetch({ tenant, environment, signal }, "https://api.post.example/parcels", { secret: { name: "post" } })
 *
 *   target, connection   as with every guarded request (guarded-fetch.ts)
 *   size, time           `bytesMax` and `timeoutMs` of the request; the whole body has come when it resolves
 *   at once              `atOnceMax` per party, which is an environment and an origin; further ones wait, in order, as long as their signal lets them
 *   rest                 after `failuresMax` failures in a row a party is left alone for a second, then two, four … a minute at most; `429` and `503` with
 *                        `Retry-After` have it left alone for so long, five minutes at most. Meanwhile requests fail at once (`resting`), but for one that
 *                        tries when the time is over
 *   secrets              are added here, and go to the origin they are for: code of a service never sees them
 */
import { createGuardedFetch, type GuardedFetch, type GuardOptions, outboundLimits } from "./guarded-fetch.ts";
import { OutboundError } from "./outbound-error.ts";
import { Party } from "./party.ts";

/** What a party outside wants to be shown. */
export interface OutsideSecret {
  readonly name: string;
  /** Where it may be sent: `https://api.post.example`. */
  readonly origin: string;
  /** Whose it is; absent: every tenant's. */
  readonly tenant?: string | undefined;
  readonly value: string;
}

/** Answers in place of an origin, in this process: parties of a demonstration. */
export type Understudy = (request: Request) => Promise<Response>;

export interface OutsideOptions extends GuardOptions {
  readonly secrets?: readonly OutsideSecret[];
  readonly understudies?: ReadonlyMap<string, Understudy>;
  /** Milliseconds since the epoch. */
  readonly clock?: () => number;
}

export interface OutsideInit {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array<ArrayBuffer>;
  readonly timeoutMs?: number;
  readonly bytesMax?: number;
  readonly secret?: { readonly name: string; readonly header?: string; readonly prefix?: string };
}

/** Who asks. */
export interface Asker {
  readonly tenant: string;
  readonly environment: string;
  readonly signal: AbortSignal;
}

export const outsideLimits = { timeoutMsMax: 120_000, bytesMaxMax: 16 * 1024 * 1024, partiesMax: 10_000 } as const;

const bodyless: ReadonlySet<number> = new Set([204, 205, 304]);

const within = (name: string, value: number | undefined, most: number): void => {
  if (value !== undefined && !(Number.isInteger(value) && value >= 1 && value <= most))
    throw new RangeError(`${name} is a whole number, 1 … ${most}`);
};

export class Outside {
  readonly #guarded: GuardedFetch;
  readonly #secrets: readonly OutsideSecret[];
  readonly #understudies: ReadonlyMap<string, Understudy>;
  readonly #clock: () => number;
  readonly #parties = new Map<string, Party>();

  constructor({ secrets = [], understudies = new Map(), clock = Date.now, ...guard }: OutsideOptions = {}) {
    this.#guarded = createGuardedFetch(guard);
    this.#secrets = secrets;
    this.#understudies = understudies;
    this.#clock = clock;
  }

  /** The answer with its whole body. Rejects with an `OutboundError`, or with the reason of the signal. */
  async fetch(asker: Asker, url: string, init: OutsideInit = {}): Promise<Response> {
    const { timeoutMs, bytesMax } = init;
    within("timeoutMs", timeoutMs, outsideLimits.timeoutMsMax);
    within("bytesMax", bytesMax, outsideLimits.bytesMaxMax);
    if (!URL.canParse(url)) throw new OutboundError("refused_url", "the address is no URL");
    const { origin } = new URL(url);
    const headers = new Headers(init.headers);
    if (init.secret !== undefined) {
      const { name, header = "authorization", prefix = header === "authorization" ? "Bearer " : "" } = init.secret;
      headers.set(header, `${prefix}${this.#secretFor(asker, origin, name)}`);
    }
    return this.#party(asker, origin).ask(asker.signal, async () => {
      const understudy = this.#understudies.get(origin);
      const { method = "GET", body } = init;
      if (understudy !== undefined)
        return understudy(new Request(url, { method, headers, ...(body === undefined ? {} : { body }) }));
      const response = await this.#guarded(url, {
        method,
        headers,
        signal: asker.signal,
        timeoutMs: timeoutMs ?? outboundLimits.timeoutMs,
        bytesMax: bytesMax ?? outboundLimits.bytesMax,
        ...(body === undefined ? {} : { body }),
      });
      const content = await response.bytes();
      const { status, statusText, headers: answered } = response;
      return new Response(bodyless.has(status) ? null : content, { status, statusText, headers: answered });
    });
  }

  #secretFor({ tenant }: Asker, origin: string, name: string): string {
    const found = this.#secrets.find((one) => one.name === name && (one.tenant === undefined || one.tenant === tenant));
    if (found === undefined) throw new OutboundError("no_secret", `there is no secret "${name}"`);
    if (found.origin !== origin) throw new OutboundError("no_secret", `the secret "${name}" is not for this origin`);
    return found.value;
  }

  #party({ tenant, environment }: Asker, origin: string): Party {
    const key = `${tenant} ${environment} ${origin}`;
    const known = this.#parties.get(key);
    if (known !== undefined) return known;
    if (this.#parties.size >= outsideLimits.partiesMax) {
      const idle = this.#parties.entries().find(([, one]) => one.isIdle);
      if (idle === undefined) throw new OutboundError("busy", "too many parties are being asked");
      this.#parties.delete(idle[0]);
    }
    const party = new Party(this.#clock);
    this.#parties.set(key, party);
    return party;
  }
}
