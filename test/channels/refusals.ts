/** Every refusal that a caller can meet on any channel: how it comes about, and what is asked then. */
import { command, renamed, t, version } from "pons";
import { type PlatformLanguage, platformMessages } from "../../src/pipeline/messages/index.ts";
import type { Data } from "../manage/plane.ts";
import bazaar from "./bazaar.ts";
import type { Asked } from "./driver.ts";
import type { Who } from "./scenarios.ts";
import type { Stand } from "./stand.ts";

/** The service's own words in every language of the product. */
export const own: Readonly<Record<PlatformLanguage, Readonly<Record<string, string>>>> = {
  en: { "error.out_of_stock": "Only {left} are left." },
  de: { "error.out_of_stock": "Es sind nur noch {left} da." },
  fr: { "error.out_of_stock": "Il n’en reste que {left}." },
  es: { "error.out_of_stock": "Solo quedan {left}." },
  bg: { "error.out_of_stock": "Останаха само {left}." },
  ru: { "error.out_of_stock": "Осталось только {left}." },
  hu: { "error.out_of_stock": "Már csak {left} maradt." },
};

/** Wrong credentials from one address in a minute: beyond them the answer is another. */
const attemptsMax = 30;

/** Calls that are under way until they are let go: each takes a place of those there are. */
class Places {
  #gate = Promise.withResolvers<void>();

  wait(): Promise<void> {
    return this.#gate.promise;
  }

  close(): void {
    this.#gate = Promise.withResolvers<void>();
  }

  /** Whoever waits goes on, and whoever comes until they are closed again. */
  release(): void {
    this.#gate.resolve();
  }
}

export const places = new Places();

/** The bazaar with its own words in all languages, a version that is over, and an operation that takes its time. */
export const service = {
  ...bazaar,
  operations: {
    ...bazaar.operations,
    hold: command({
      doc: "Takes until it is let go.",
      roles: ["seller"],
      input: {},
      output: { text: t.string() },
      prepare: () => places.wait(),
      run: () => ({ text: "done" }),
    }),
  },
  older: [
    ...bazaar.older,
    version("v0", {
      changes: [renamed("stalls", { from: "title", to: "name" })],
      deprecated: "2019-01-01",
      sunset: "2020-01-01",
    }),
  ],
  messages: own,
};

/** What of a call differs from one by the seller. */
export interface Asking extends Omit<Asked, "service" | "key"> {
  readonly as?: Who;
  readonly key?: string;
}

export interface Met {
  readonly asking: Asking;
  /** Parts of the message. */
  readonly params?: Readonly<Record<string, unknown>>;
  /** Ends what brings it about. */
  end?(): Promise<void>;
}

/** What is expected of a refusal. */
export interface Refused {
  readonly type: string;
  /** Whether it names fields, and whether it says when to come again. */
  readonly hasIssues?: boolean;
  readonly hasRetryAfter?: boolean;
}

export interface Way extends Refused {
  /** Where there are several ways to the same refusal: which one. */
  readonly way?: string;
  bring(stand: Stand, clock: { aheadMs: number }): Promise<Met> | Met;
}

const read = ({ known }: Stand): Asking => ({ operation: "wares.get", input: { id: known.ware } });

/** A caller under a plan with these terms, who has called so often. */
const planned = async (stand: Stand, plan: Data, calls: number, asking = read(stand)): Promise<Met> => {
  const { key } = await stand.plane.app(plan, ["seller"]);
  for (let call = 0; call < calls; call++) {
    const { status, text } = await stand.plane.ask(`/bazaar/v2/wares/${stand.known.ware}`, { key });
    if (status !== 200) throw new Error(text);
  }
  return { asking: { ...asking, key } };
};

const underPolicy = async (stand: Stand, kind: string, settings: Data): Promise<Met> => {
  await stand.plane.policy(kind, settings, { scope: { operations: ["bazaar.wares.*"] } });
  await Bun.sleep(100);
  return { asking: read(stand), end: () => stand.plane.clear() };
};

/** Calls that take places, until one is refused. */
const occupy = async ({ plane }: Stand, key: string, wanted: string, most: number): Promise<() => Promise<void>> => {
  places.close();
  const held: Promise<unknown>[] = [];
  let refused = "";
  for (const until = performance.now() + 10_000; refused === "" && performance.now() < until; await Bun.sleep(30)) {
    if (held.length === most) continue;
    const asked = plane.ask("/bazaar/v2/hold", { key, method: "POST", body: {} });
    held.push(asked.then(({ outcome }) => void (outcome.startsWith("200") || (refused = outcome)), String));
  }
  if (!refused.endsWith(wanted)) throw new Error(`${held.length} calls are under way: ${refused}`);
  return async () => {
    places.release();
    await Promise.all(held);
  };
};

const headersOf = (name: string, value: string): Pick<Asking, "headers"> => ({ headers: { [name]: value } });

export const refusals: readonly Way[] = [
  { type: "unauthenticated", bring: (stand) => ({ asking: { ...read(stand), as: "nobody" } }) },
  { type: "forbidden", bring: (stand) => ({ asking: { ...read(stand), as: "watcher" } }) },
  { type: "not_found", bring: (stand) => ({ asking: { ...read(stand), as: "foreigner" } }) },
  {
    type: "page_not_found",
    bring: () => ({ asking: { operation: "wares.list", input: { query: { page: 4_000 } } } }),
  },
  {
    type: "validation_failed",
    hasIssues: true,
    bring: ({ known }) => ({
      asking: { operation: "wares.create", input: { body: { stall: known.stall, name: "x", price: -1, stock: 5_000 } } },
    }),
  },
  {
    type: "validation_failed",
    way: "what is missing",
    hasIssues: true,
    bring: ({ known }) => ({ asking: { operation: "wares.create", input: { body: { stall: known.stall } } } }),
  },
  {
    type: "validation_failed",
    way: "an older version's words",
    hasIssues: true,
    bring: ({ known }) => ({
      asking: { version: "v1", operation: "wares.create", input: { body: { stall: known.stall, title: "x", price: 1 } } },
    }),
  },
  {
    type: "invalid_reference",
    hasIssues: true,
    bring: () => ({
      asking: {
        operation: "wares.create",
        input: { body: { stall: "stl_00000000000000000000000000", name: "Nowhere", price: 1 } },
      },
    }),
  },
  {
    type: "already_exists",
    hasIssues: true,
    bring: () => ({ asking: { operation: "stalls.create", input: { body: { name: "The corner" } } } }),
  },
  { type: "still_referenced", bring: ({ known }) => ({ asking: { operation: "stalls.delete", input: { id: known.stall } } }) },
  {
    type: "precondition_failed",
    bring: ({ known }) => ({
      asking: {
        operation: "wares.update",
        input: { id: known.ware, body: { stock: 1 } },
        ...headersOf("if-match", '"0000000000000000"'),
      },
    }),
  },
  {
    type: "idempotency_key_reused",
    async bring({ plane, keys, known }) {
      const used = { "idempotency-key": '"used-by-another"' };
      const body = { stall: known.stall, name: "Used", price: 1 };
      await plane.ask("/bazaar/v2/wares", { key: String(keys.get("seller")), method: "POST", headers: used, body });
      return { asking: { operation: "wares.create", input: { body: { ...body, price: 2 } }, headers: used } };
    },
  },
  {
    type: "out_of_stock",
    async bring({ plane, keys, known }) {
      const body = { stall: known.stall, name: "Few", price: 1, stock: 2 };
      const made = await plane.ask("/bazaar/v2/wares", { key: String(keys.get("seller")), method: "POST", body });
      const id = String((made.data as { id?: string }).id);
      return { asking: { operation: "wares.sell", input: { id, body: { amount: 3 } } }, params: { left: 2 } };
    },
  },
  {
    type: "too_large",
    bring: (stand) =>
      planned(stand, { limits: [{ name: "body", kind: "payload", limit: 300 }] }, 0, {
        operation: "wares.update",
        input: { id: stand.known.ware, body: { note: "long ".repeat(79) } },
      }),
  },
  {
    type: "too_many_requests",
    hasRetryAfter: true,
    bring: (stand) => planned(stand, { limits: [{ name: "hour", kind: "rate", limit: 1, windowSeconds: 3_600 }] }, 1),
  },
  {
    type: "quota_exceeded",
    hasRetryAfter: true,
    bring: (stand) => planned(stand, { limits: [{ name: "monthly", kind: "quota", limit: 2, period: "month" }] }, 2),
  },
  {
    type: "spend_cap_reached",
    hasRetryAfter: true,
    bring: (stand) => planned(stand, { unitPrice: 10, spendCap: 20 }, 2),
  },
  {
    type: "concurrency_exceeded",
    hasRetryAfter: true,
    async bring(stand) {
      const { asking } = await planned(stand, { limits: [{ name: "atOnce", kind: "concurrency", limit: 1 }] }, 0);
      return { asking, end: await occupy(stand, String(asking.key), "concurrency_exceeded", 2) };
    },
  },
  {
    type: "overloaded",
    hasRetryAfter: true,
    bring: async (stand) => ({
      asking: read(stand),
      end: await occupy(stand, String(stand.keys.get("seller")), "overloaded", inFlightMax + 1),
    }),
  },
  { type: "operation_disabled", bring: (stand) => underPolicy(stand, "operationSwitch", { isOn: false }) },
  {
    type: "maintenance",
    hasRetryAfter: true,
    bring: (stand) => underPolicy(stand, "maintenance", { retryAfterSeconds: 90, allowsReads: false }),
  },
  { type: "address_not_allowed", bring: (stand) => underPolicy(stand, "ipDeny", { networks: ["0.0.0.0/0", "::/0"] }) },
  {
    type: "stronger_authentication_required",
    bring: (stand) => underPolicy(stand, "authenticationStrength", { accepted: ["signature"] }),
  },
  {
    type: "gone",
    way: "by a policy",
    bring: (stand) =>
      underPolicy(stand, "deprecation", { deprecatedAt: "2020-01-01T00:00:00Z", sunsetAt: "2020-01-02T00:00:00Z" }),
  },
  { type: "gone", way: "a version that is over", bring: (stand) => ({ asking: { ...read(stand), version: "v0" } }) },
  {
    type: "deadline_exceeded",
    bring({ known }, clock) {
      // The turn of a command comes a minute after it was sent: longer than any channel lets it wait.
      clock.aheadMs = 60_000;
      return {
        asking: { operation: "wares.update", input: { id: known.ware, body: { stock: 77 } } },
        end: async () => void (clock.aheadMs = 0),
      };
    },
  },
  {
    type: "too_many_attempts",
    hasRetryAfter: true,
    async bring(stand) {
      const asked = { key: String(stand.keys.get("unknown")) };
      for (let attempt = 0; attempt < attemptsMax; attempt++)
        await stand.plane.ask(`/bazaar/v2/wares/${stand.known.ware}`, asked);
      return { asking: { ...read(stand), as: "unknown" } };
    },
  },
];

/** Calls under way at the same time before they are turned away. */
export const inFlightMax = 12;

/** What is said of a refusal in a language. */
export const sentenceOf = (language: PlatformLanguage, type: string, params: Readonly<Record<string, unknown>> = {}): string => {
  const words: Readonly<Record<string, string>> = { ...platformMessages[language], ...own[language] };
  return (words[`error.${type}`] ?? "").replaceAll(/\{(\w+)\}/g, (_, name: string) => String(params[name]));
};
