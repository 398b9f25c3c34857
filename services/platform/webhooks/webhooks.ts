/**
 * Webhooks. Each is an app's: what it is sent is what the app may see, as if the app had subscribed. What is to be delivered where stands in the directory;
 * the host's deliverer acts upon it.
 *
 *   active ─► paused ─► active        by its owner; what comes meanwhile waits
 *      └────► disabled ─► active      by the deliverer: three days without a success, or the receiver says that it is gone (410)
 */
import { and, type CommandContext, entry, eq, type FunctionRefusal, related, resource, t, type Value } from "pons";
import { apps } from "../identity/app-fields.ts";
import { notify, ownersOf } from "../identity/mail.ts";
import { after, daySeconds } from "../identity/moments.ts";
import { stepUpFlaw } from "../identity/session.ts";
import { shownFields } from "../identity/shown-fields.ts";
import { overseers } from "../roles.ts";
import { webhookOutput } from "./create.ts";
import { deliveries, deliveryFields, webhookStates } from "./delivery-fields.ts";
import { replayInput, replayOf, replayRefusals } from "./replay.ts";
import { flawOfTerms, keyOf, termRefusals } from "./terms.ts";
import { keysMax, overlapSecondsDefault, overlapSecondsMax, type Webhook, webhooks as declared } from "./webhook-fields.ts";

/** Events to test a webhook with that may be under way. */
const testsMax = 10;
/** Type of the event that `test` sends. */
const testType = "webhooks.test";

const notActive = { webhook_not_active: { status: 409, doc: "The webhook is paused or disabled." } } as const;

/** What makes the deliverer look at a webhook. */
const noticed = ({ revision }: Webhook): Pick<Webhook, "revision"> => ({ revision: revision + 1 });

/** Tells whoever answers for the app. */
const tellOwners = async (ctx: CommandContext, row: Webhook, kind: string, text: string): Promise<void> => {
  const app = await ctx.table(apps).get(row.app);
  if (app === undefined) return;
  const data = { webhook: row.id, service: row.service, environment: row.environment };
  notify(ctx, await ownersOf(ctx, app), { kind, text, data, app: app.id }, { byMail: true });
};

/** The host of an address: the rest of it may hold a secret. */
const hostOf = ({ url }: Webhook): string => (URL.canParse(url) ? new URL(url).host : "its address");

export const webhookResource = resource(declared, ({ self, all, rows, filter, command, query, directory, guard }) => ({
  rows: {
    ...Object.fromEntries(overseers.map((role) => [role, all])),
    developer: rows(({ app }, { user }) => eq(related(app, "owner"), user)),
    system: all,
  },
  access: { update: ["developer", "admin"], replace: [], delete: ["developer", "admin"] },
  sortBy: "createdAt.desc",
  filters: { active: filter(({ status }) => eq(status, "active")) },
  refusals: termRefusals,
  events: {
    disabled: {
      doc: "Nothing could be delivered any more.",
      data: { webhook: t.ref("webhooks"), app: t.ref("apps"), reason: t.string() },
    },
  },
  directory: directory(({ id, app, environment, service, url, types, filters, concurrency, signing, keys, status, ...rest }) => [
    entry("webhook", id, {
      app,
      environment,
      service,
      url,
      types,
      filters: filters as Value,
      concurrency,
      signing,
      keys: keys.map(({ number, expiresAt }) => ({ number, expiresAt })),
      status,
      startAt: rest.startAt,
      replay: rest.replaying as Value,
      revision: rest.revision,
    }),
  ]),
  guard: {
    update: guard((ctx, { row, changes }) => {
      const { url = row.url } = changes;
      return flawOfTerms(ctx, { ...row, ...changes }, { isMoved: url !== row.url });
    }),
  },
  functions: {
    rotateSecret: command({
      on: "item",
      doc: "Makes a key in place of the present one. Deliveries are signed with both until the overlap is over, so that the receiver can change at leisure.",
      roles: ["developer", "admin"],
      input: {
        overlapSeconds: t.integer({
          default: overlapSecondsDefault,
          min: 0,
          max: overlapSecondsMax,
          doc: "For how long the present one signs beside the new one.",
        }),
      },
      output: webhookOutput,
      refusals: {
        too_many_secrets: {
          status: 409,
          doc: `At most ${keysMax} keys sign at the same time: wait until one of them has ended.`,
        },
      },
      run: (ctx, { row, input: { overlapSeconds } }): unknown => {
        const flaw = row.environment === "live" ? stepUpFlaw(ctx) : undefined;
        if (flaw !== undefined) return flaw;
        const until = after(ctx.now, overlapSeconds);
        const former = row.keys
          .map((key) => ({ ...key, expiresAt: key.expiresAt !== null && key.expiresAt < until ? key.expiresAt : until }))
          .filter(({ expiresAt }) => expiresAt > ctx.now);
        if (former.length >= keysMax) return ctx.refuse("too_many_secrets");
        const number = row.keyCount + 1;
        const { key, secret } = keyOf(ctx, row, number);
        const changed = ctx.table(self).update(row.id, { keys: [key, ...former], keyCount: number });
        return ctx.created({ ...changed, secret });
      },
    }),
    pause: command({
      on: "item",
      doc: "Delivers nothing until it is enabled again. What comes meanwhile waits.",
      roles: ["developer", "admin"],
      refusals: notActive,
      run: (ctx, { row }): Webhook | FunctionRefusal =>
        row.status === "active" ? ctx.table(self).update(row.id, { status: "paused" }) : ctx.refuse("webhook_not_active"),
    }),
    enable: command({
      on: "item",
      doc: "Goes on with a webhook that was paused or disabled, from where it stopped.",
      roles: ["developer", "admin"],
      input: { skip: t.boolean({ default: false, doc: "What came meanwhile, and what waits, is not delivered." }) },
      run: (ctx, { row, input: { skip } }) =>
        ctx.table(self).update(row.id, {
          status: "active",
          reason: null,
          ...noticed(row),
          ...(skip ? { startAt: ctx.now, replaying: null } : {}),
        }),
    }),
    test: command({
      on: "item",
      doc: `Sends an event of the type \`${testType}\`, once, to see whether it is taken; also where the webhook is paused or disabled.`,
      roles: ["developer", "admin"],
      accepted: "It is being delivered: the delivery tells what came of it.",
      output: shownFields(deliveryFields),
      refusals: { too_many_tests: { status: 409, doc: "Other events to test it with are still under way." } },
      run: async (ctx, { row }): Promise<unknown> => {
        const table = ctx.table(deliveries);
        const waiting = await table.count((one) =>
          and(eq(one.webhook, row.id), eq(one.type, testType), eq(one.status, "waiting")),
        );
        if (waiting >= testsMax) return ctx.refuse("too_many_tests");
        const made = table.insert({
          webhook: row.id,
          app: row.app,
          event: "test",
          type: testType,
          status: "waiting",
          nextAt: ctx.now,
          firstAt: ctx.now,
        });
        ctx.table(self).update(row.id, noticed(row));
        return ctx.accepted(made);
      },
    }),
    replay: command({
      on: "item",
      doc: "Delivers events again that lie between two positions or moments, beside those that come. They keep their ids.",
      roles: ["developer", "admin"],
      input: replayInput,
      refusals: { ...notActive, ...replayRefusals },
      run: (ctx, { row, input }): unknown => {
        if (row.status !== "active") return ctx.refuse("webhook_not_active");
        if (row.replaying !== null) return ctx.refuse("replay_running");
        const replay = replayOf(ctx, row, input);
        return "refused" in replay ? replay : ctx.table(self).update(row.id, { replaying: replay, ...noticed(row) });
      },
    }),
    state: query({
      on: "item",
      doc: "How far it has come.",
      roles: ["developer", ...overseers],
      output: {
        position: t.string({
          optional: true,
          doc: "Position behind which events are still to be delivered; absent: it has not begun.",
        }),
        waiting: t.integer({ doc: "Deliveries that are tried again, or wait for one that is." }),
        failures: t.integer({ doc: "Attempts that have failed since the last that did not." }),
        succeededAt: t.dateTime({ optional: true, doc: "When an event was last taken." }),
        failedAt: t.dateTime({ optional: true, doc: "When one was last not taken." }),
        problem: t.string({
          optional: true,
          doc: "Why nothing is delivered, where it is not the receiver: the app may see no such event.",
        }),
        isReplaying: t.boolean({ doc: "Whether events are being delivered again." }),
      },
      run: async (ctx, { row }) => {
        const state = await ctx.table(webhookStates).get(row.id);
        const waiting = await ctx.table(deliveries).count((one) => and(eq(one.webhook, row.id), eq(one.status, "waiting")));
        const position = state === undefined ? null : state.index < 0 ? String(state.seq - 1) : `${state.seq}-${state.index}`;
        const { failures = 0, succeededAt = null, failedAt = null, problem = null } = state ?? {};
        return { position, waiting, failures, succeededAt, failedAt, problem, isReplaying: row.replaying !== null };
      },
    }),
    disable: command({
      on: "item",
      doc: "Stops a webhook to which nothing can be delivered, and tells whoever answers for the app.",
      roles: ["system"],
      input: { reason: t.string({ minLength: 1, maxLength: 500 }) },
      run: async (ctx, { row, input: { reason } }) => {
        if (row.status === "disabled") return row;
        const text = `The webhook to ${hostOf(row)} was disabled: ${reason} What comes meanwhile waits; enable it once it can be reached.`;
        await tellOwners(ctx, row, "webhookDisabled", text);
        ctx.emit("disabled", { webhook: row.id, app: row.app, reason });
        return ctx.table(self).update(row.id, { status: "disabled", reason });
      },
    }),
    gaveUp: command({
      on: "item",
      doc: "Tells whoever answers for the app, once a day at most, of deliveries that were given up.",
      roles: ["system"],
      input: { delivery: t.string({ maxLength: 64 }) },
      output: { told: t.boolean() },
      run: async (ctx, { row, input: { delivery } }) => {
        if (row.toldAt !== null && after(row.toldAt, daySeconds) > ctx.now) return { told: false };
        const text = `The webhook to ${hostOf(row)} has not taken an event for three days: delivery ${delivery} was given up. It can be delivered again.`;
        await tellOwners(ctx, row, "webhookGaveUp", text);
        ctx.table(self).update(row.id, { toldAt: ctx.now });
        return { told: true };
      },
    }),
    replayed: command({
      on: "item",
      doc: "Notes that all was delivered again that was asked for.",
      roles: ["system"],
      input: { replay: t.string({ maxLength: 64 }) },
      output: { ended: t.boolean() },
      run: (ctx, { row, input }) => {
        const isIt = (row.replaying as { readonly id?: string } | null)?.id === input.replay;
        if (isIt) ctx.table(self).update(row.id, { replaying: null });
        return { ended: isIt };
      },
    }),
  },
}));
