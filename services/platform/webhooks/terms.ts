/** What of a webhook's terms cannot be: its address, its filters, events that there are not. */
import {
  type CommandContext,
  type FieldIssue,
  flawOfAddress,
  type FunctionRefusal,
  webhookKeyLabel,
  webhookPublicKey,
  webhookSecret,
} from "pons";
import { stepUpFlaw } from "../identity/session.ts";
import { filtersMax, valuesMax, type Webhook } from "./webhook-fields.ts";

export const termRefusals = {
  url_not_allowed: {
    status: 422,
    doc: "Nothing is delivered there: https, a public name, no port but the usual one, no user; or an origin that the installation allows.",
  },
  no_such_event: { status: 422, doc: "There is no such service, or it has no such event." },
} as const;

/** What the installation says of webhooks, once its server has started: origins that are let through, and the events of each service. */
interface Offer {
  readonly allow: readonly string[];
  readonly services: Readonly<Record<string, readonly string[]>>;
}

/** The installation's word on webhooks, as the server publishes it. */
export const offerEntry = ["webhooks", "offer"] as const;

const offerOf = async (ctx: CommandContext): Promise<Offer | undefined> =>
  (await ctx.entry(...offerEntry)) as unknown as Offer | undefined;

const fieldForm = /^[a-zA-Z][a-zA-Z0-9]{0,47}$/;
const valueLengthMax = 200;

const isValues = (value: unknown): boolean =>
  Array.isArray(value) &&
  value.length > 0 &&
  value.length <= valuesMax &&
  value.every((one) => typeof one === "string" && one.length <= valueLengthMax);

const filterIssue = (filters: unknown): FieldIssue | undefined => {
  const isRecord = typeof filters === "object" && filters !== null && !Array.isArray(filters);
  const entries = isRecord ? Object.entries(filters) : [];
  if (entries.length > filtersMax) return { code: "too_many", params: { max: filtersMax } };
  return isRecord && entries.every(([field, values]) => fieldForm.test(field) && isValues(values))
    ? undefined
    : { code: "bad_format", params: { format: "{ field: [values] }" } };
};

const isThere = (types: readonly string[], wanted: string): boolean =>
  wanted === "*" || types.some((type) => (wanted.endsWith(".*") ? type.startsWith(wanted.slice(0, -1)) : type === wanted));

type Terms = Pick<Webhook, "url" | "types" | "filters" | "service" | "environment">;

/** Judges terms that are new or changed. `leadsInside`: what the name of its address was found to be. */
export const flawOfTerms = async (
  ctx: CommandContext,
  terms: Terms,
  { isMoved, leadsInside = false }: { readonly isMoved: boolean; readonly leadsInside?: boolean },
): Promise<FunctionRefusal | undefined> => {
  const issue = filterIssue(terms.filters);
  if (issue !== undefined) return ctx.refuse("validation_failed", undefined, { fields: { filters: [issue] } });
  const offer = await offerOf(ctx);
  const allow = offer?.allow ?? [];
  if (isMoved) {
    const flaw = flawOfAddress(terms.url, { allow });
    if (flaw !== undefined) return ctx.refuse("url_not_allowed", { reason: flaw });
    const isAllowed = allow.includes(new URL(terms.url).origin);
    if (leadsInside && !isAllowed)
      return ctx.refuse("url_not_allowed", { reason: "its name leads to an address that is not public" });
  }
  if (offer !== undefined) {
    const known = offer.services[terms.service];
    const missing = known === undefined ? terms.service : terms.types.find((type) => !isThere(known, type));
    if (missing !== undefined) return ctx.refuse("no_such_event", { missing });
  }
  return isMoved && terms.environment === "live" ? stepUpFlaw(ctx) : undefined;
};

export interface NewKey {
  readonly key: Webhook["keys"][number];
  /** Shown once. */
  readonly secret: string | null;
}

/** The key of a number. */
export const keyOf = (ctx: CommandContext, { id, signing }: Pick<Webhook, "id" | "signing">, number: number): NewKey => {
  const derived = ctx.derive(webhookKeyLabel(id, number));
  const isPublic = signing !== "hmac";
  const key = { number, createdAt: ctx.now, expiresAt: null, publicKey: isPublic ? webhookPublicKey(derived) : null };
  return { key, secret: isPublic ? null : webhookSecret(derived) };
};
