/** What usage and analytics are asked with, and of which rows. */
import { and, type Condition, eq, type FunctionRefusal, gte, lt, oneOf, type Operand, type QueryContext, t } from "pons";
import { environmentNames } from "../commerce/words.ts";
import { apps } from "../identity/app-fields.ts";
import { overseers } from "../roles.ts";

/** Longest period, in days. */
const daysMax = 1_100;
const daysDefault = 30;
const appsMax = 1_000;
const dayMs = 86_400_000;

/** Roles that ask: developers for their own apps, the others for all of the tenant. */
export const readers = [...overseers, "developer"] as const;

export const periodInput = {
  from: t.dateTime({
    optional: true,
    doc: "From when on; absent: thirty days before the end. Older rows are of whole hours, still older ones of whole days (UTC): they count where they begin within the period.",
    example: "2026-11-01T00:00:00Z",
  }),
  to: t.dateTime({ optional: true, doc: "Until when, not included; absent: until now.", example: "2026-12-01T00:00:00Z" }),
  environment: t.enum(environmentNames, { optional: true, doc: "Calls of which environment; absent: the caller's own." }),
  app: t.string({
    optional: true,
    minLength: 1,
    maxLength: 64,
    doc: "Of one app only.",
    example: "app_01HK3QGM00E6F8SH2A02S1KG4Q",
  }),
};

interface Asked {
  readonly from: string | null;
  readonly to: string | null;
  readonly environment: (typeof environmentNames)[number] | null;
  readonly app: string | null;
}

/** The columns that both kinds of records have. */
interface Recorded {
  readonly at: Operand<string>;
  readonly app: Operand<string | null>;
  readonly environment: Operand<string | null>;
  readonly grain: Operand<string>;
}

/** Which rows are of a period, for this caller. */
export interface Period {
  readonly from: string;
  readonly to: string;
  readonly environment: (typeof environmentNames)[number];
  where(row: Recorded): Condition;
}

/** Ids of the apps that a developer may look at; null: all. */
const ownApps = async (ctx: QueryContext): Promise<readonly string[] | null> => {
  if (ctx.principal.roles.some((role) => (overseers as readonly string[]).includes(role))) return null;
  const { user } = ctx.principal;
  if (user === null) return ctx.principal.app === null ? [] : [ctx.principal.app];
  const own = await ctx.table(apps).find((row) => eq(row.owner, user), { limit: appsMax });
  return own.map(({ id }) => id);
};

/** All grains: named, so that the rows of a period are found by them and their moment. */
const grains = ["raw", "minute", "hour", "day"];

const issue = (
  ctx: QueryContext,
  field: string,
  code: string,
  params: Readonly<Record<string, string | number>>,
): FunctionRefusal => ctx.refuse("validation_failed", undefined, { fields: { [field]: [{ code, params }] } });

/** The period that is asked for, or a refusal: it ends before it begins, is too long, or is of an app that is none of the caller's. */
export const periodOf = async (ctx: QueryContext, asked: Asked): Promise<Period | FunctionRefusal> => {
  const { to, app } = asked;
  const end = to ?? ctx.now;
  const from = asked.from ?? new Date(Date.parse(end) - daysDefault * dayMs).toISOString();
  const environment = asked.environment ?? (ctx.principal.environment === "live" ? "live" : "sandbox");
  if (Date.parse(end) <= Date.parse(from)) return issue(ctx, "to", "too_small", { min: from });
  if (Date.parse(end) - Date.parse(from) > daysMax * dayMs)
    return issue(ctx, "to", "too_large", { max: new Date(Date.parse(from) + daysMax * dayMs).toISOString() });
  const own = await ownApps(ctx);
  if (app !== null && own !== null && !own.includes(app)) return issue(ctx, "app", "bad_reference", {});
  const wanted = app === null ? own : [app];
  return {
    from,
    to: end,
    environment,
    where: (row) =>
      and(
        oneOf(row.grain, grains),
        gte(row.at, from),
        lt(row.at, end),
        eq(row.environment, environment),
        ...(wanted === null ? [] : [oneOf(row.app, wanted)]),
      ),
  };
};
