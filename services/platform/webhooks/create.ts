/** Makes a webhook of an app. */
import { type CommandContext, eq, type FunctionRefusal, type InputOf, leadsInside, t, webhookSignings } from "pons";
import { environmentNames } from "../commerce/words.ts";
import type { App } from "../identity/app-fields.ts";
import { shownFields } from "../identity/shown-fields.ts";
import { flawOfTerms, keyOf, termRefusals } from "./terms.ts";
import { webhookFields, webhooks, webhooksMax, webhookTerms } from "./webhook-fields.ts";

export const webhookInput = {
  environment: t.enum(environmentNames, { default: "sandbox", doc: "Whose events are delivered." }),
  service: t.string({ maxLength: 32, pattern: "[a-z][a-z0-9]*", doc: "Service whose events are delivered.", example: "bank" }),
  ...webhookTerms,
  signing: t.enum(webhookSignings, {
    default: "hmac",
    doc: "hmac: Standard Webhooks with a secret that both sides know (`v1`). ed25519: the same with a key of which the receiver is shown the public half (`v1a`). httpSignature: RFC 9421 with such a key.",
  }),
};

/** The webhook, with what its receiver checks signatures with. */
export const webhookOutput = {
  ...shownFields(webhookFields),
  secret: t.string({ optional: true, secret: true, doc: "hmac: what signatures are checked with. Shown once." }),
};

export const webhookRefusals = {
  ...termRefusals,
  app_closed: { status: 409, doc: "The app is closed." },
  too_many_webhooks: { status: 409, doc: `An app has at most ${webhooksMax} webhooks.` },
} as const;

type Wanted = InputOf<typeof webhookInput>;

/** What is found out of the address before the command is queued. */
export const lookedUp = async (input: Wanted): Promise<{ readonly leadsInside: boolean }> => ({
  leadsInside: await leadsInside(input.url),
});

export const makeWebhook = async (
  ctx: CommandContext,
  app: App,
  input: Wanted,
  found: { readonly leadsInside: boolean },
): Promise<Readonly<Record<string, unknown>> | FunctionRefusal> => {
  if (app.status === "closed") return ctx.refuse("app_closed");
  const flaw = await flawOfTerms(ctx, input, { isMoved: true, ...found });
  if (flaw !== undefined) return flaw;
  const others = await ctx.table(webhooks).count((row) => eq(row.app, app.id));
  if (others >= webhooksMax) return ctx.refuse("too_many_webhooks");
  const id = ctx.id(webhooks);
  const { key, secret } = keyOf(ctx, { id, signing: input.signing }, 1);
  const row = ctx.table(webhooks).insert({ ...input, id, app: app.id, keys: [key], keyCount: 1, startAt: ctx.now });
  return { ...row, secret };
};
