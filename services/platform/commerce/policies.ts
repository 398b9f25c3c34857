/**
 * Policies. One that does not fit is refused and the last good one stays in force. Every change keeps a revision; `rollBack` makes an earlier one the
 * newest; `dryRun` tries a draft on the calls that came lately.
 */
import {
  and,
  checkPolicy,
  type CommandContext,
  effectOn,
  entry,
  eq,
  type FunctionRefusal,
  isNull,
  notNull,
  type QueryContext,
  resource,
  t,
} from "pons";
import {
  policies as declared,
  policyFields,
  policyRevisions,
  type PolicyRow,
  policyTerms,
  revisionFields,
} from "./policy-fields.ts";
import { overseers } from "../roles.ts";
import { identityOf } from "./who.ts";

/** As many as a node keeps of one tenant. */
const policiesMax = 1_000;
const callsMax = 1_000;

type Terms = Pick<PolicyRow, "kind" | "scope" | "settings" | "order">;
type Draft = Pick<PolicyRow, "name" | "kind" | "doc" | "scope" | "settings" | "order" | "enabled">;

/** Refuses terms that do not fit, field by field. */
const flawsOf = (ctx: Pick<CommandContext, "refuse">, terms: Terms): FunctionRefusal | undefined => {
  const verdict = checkPolicy(terms);
  if (verdict.ok) return undefined;
  const fields = Object.fromEntries(Object.entries(verdict.issues).map(([field, issue]) => [field, [issue]]));
  return ctx.refuse("validation_failed", undefined, { fields });
};

/** Whether another policy has the name in the environment. */
const isTaken = async (ctx: CommandContext, name: string, scope: PolicyRow["scope"], own: string | null): Promise<boolean> => {
  const found = await ctx
    .table(declared)
    .find((row) =>
      and(eq(row.name, name), scope.environment === null ? isNull(row.environment) : eq(row.environment, scope.environment)),
    );
  return found.some(({ id }) => id !== own);
};

const keepRevision = (ctx: CommandContext, row: Draft & { readonly id: string }, revision: number): void => {
  const { id, name, kind, doc, scope, settings, order, enabled } = row;
  const changedBy = identityOf(ctx.principal);
  ctx.table(policyRevisions).insert({ policy: id, name, kind, revision, doc, scope, settings, order, enabled, changedBy });
};

/** Adds a policy with its first revision, or refuses. */
export const addPolicy = async (ctx: CommandContext, draft: Draft): Promise<PolicyRow | FunctionRefusal> => {
  const table = ctx.table(declared);
  const flaw = flawsOf(ctx, draft);
  if (flaw !== undefined) return flaw;
  if (await isTaken(ctx, draft.name, draft.scope, null))
    return ctx.refuse("already_exists", undefined, { fields: { name: ["duplicate"] } });
  if ((await table.count(({ id }) => notNull(id))) >= policiesMax) return ctx.refuse("too_many_rows", { max: policiesMax });
  const { name, kind, doc, scope, settings, order, enabled } = draft;
  const terms = { name, kind, doc, scope, settings, order, enabled };
  const row = table.insert({ ...terms, environment: scope.environment, changedBy: identityOf(ctx.principal) });
  keepRevision(ctx, row, row.revision);
  return row;
};

/** Judges changes of a policy that was read in this batch, and keeps them as its next revision; a refusal where they do not fit. The changes are still to be made. */
const noteChange = async (ctx: CommandContext, row: PolicyRow, changes: Partial<Draft>): Promise<PolicyRow | FunctionRefusal> => {
  const next = { ...row, ...changes };
  const flaw = flawsOf(ctx, next);
  if (flaw !== undefined) return flaw;
  if (await isTaken(ctx, next.name, next.scope, row.id))
    return ctx.refuse("already_exists", undefined, { fields: { name: ["duplicate"] } });
  const revision = row.revision + 1;
  keepRevision(ctx, next, revision);
  return ctx
    .table(declared)
    .update(row.id, { environment: next.scope.environment, revision, changedBy: identityOf(ctx.principal) });
};

const isRefused = (answer: PolicyRow | FunctionRefusal): answer is FunctionRefusal => "refused" in answer;

/** Changes a policy that was read in this batch and keeps the revision, or refuses. */
export const changePolicy = async (
  ctx: CommandContext,
  row: PolicyRow,
  changes: Partial<Draft>,
): Promise<PolicyRow | FunctionRefusal> => {
  const noted = await noteChange(ctx, row, changes);
  return isRefused(noted) ? noted : ctx.table(declared).update(row.id, changes);
};

const tooMany = { too_many_rows: { status: 409, doc: "There are as many as there may be." } } as const;

const dryRun = (ctx: QueryContext, draft: Terms, last: number) => {
  const verdict = checkPolicy(draft);
  if (!verdict.ok) return flawsOf(ctx, draft);
  const calls = ctx.recentCalls(last);
  const effects = calls.map((call) => ({ call, effect: effectOn(verdict.policy, call) }));
  const count = (wanted: string): number => effects.filter(({ effect }) => effect === wanted).length;
  const operations = new Map<string, number>();
  for (const { call, effect } of effects)
    if (effect === "refuses") operations.set(call.operation, (operations.get(call.operation) ?? 0) + 1);
  return {
    calls: calls.length,
    covered: effects.length - count("none"),
    refused: count("refuses"),
    changed: count("changes"),
    since: calls.at(-1)?.at ?? null,
    refusedOperations: [...operations]
      .map(([operation, refused]) => ({ operation, refused }))
      .toSorted((a, b) => b.refused - a.refused || (a.operation < b.operation ? -1 : 1))
      .slice(0, 20),
  };
};

export const policies = resource(declared, ({ all, filter, command, query, directory, guard }) => ({
  rows: Object.fromEntries(overseers.map((role) => [role, all])),
  access: { update: ["admin"], replace: [], delete: ["admin"] },
  sortBy: "order,name",
  filters: { inForce: filter(({ enabled }) => eq(enabled, true)) },
  indexes: [["name", "environment"]],
  // The revision is there so that every change is told to the nodes.
  directory: directory(({ id, revision }) => [entry("policy", id, { revision })]),
  guard: {
    update: guard(async (ctx, { row, changes }) => {
      const noted = await noteChange(ctx, row, changes);
      return isRefused(noted) ? noted : undefined;
    }),
    delete: guard((ctx, { row }) => {
      keepRevision(ctx, { ...row, enabled: false }, row.revision + 1);
      return undefined;
    }),
  },
  create: command({
    on: "collection",
    doc: "Attaches a policy.",
    roles: ["admin"],
    input: { name: policyFields.name, kind: policyFields.kind, ...policyTerms },
    output: "row",
    refusals: tooMany,
    run: async (ctx, { input }) => addPolicy(ctx, input),
  }),
  functions: {
    rollBack: command({
      on: "item",
      doc: "Makes an earlier revision the newest one.",
      roles: ["admin"],
      input: { revision: t.integer({ min: 1, doc: "Its number.", example: 3 }) },
      output: "row",
      refusals: { no_such_revision: { status: 422, doc: "The policy has no such revision." } },
      run: async (ctx, { row, input }) => {
        const [found] = await ctx
          .table(policyRevisions)
          .find(({ policy, revision }) => and(eq(policy, row.id), eq(revision, input.revision)), { limit: 1 });
        if (found === undefined) return ctx.refuse("no_such_revision", { revision: input.revision });
        const { name, doc, scope, settings, order, enabled } = found;
        return changePolicy(ctx, row, { name, doc, scope: scope as PolicyRow["scope"], settings, order, enabled });
      },
    }),
    dryRun: query({
      on: "collection",
      doc: "Tries a draft on the calls that came lately: how many it would refuse or change. Nothing is attached.",
      roles: ["admin", "staff", "auditor"],
      input: {
        kind: policyFields.kind,
        scope: policyTerms.scope,
        settings: policyTerms.settings,
        order: policyTerms.order,
        last: t.integer({ default: 1_000, min: 1, max: callsMax, doc: "On how many calls at most." }),
      },
      output: {
        calls: t.integer({ doc: "Calls it was tried on." }),
        covered: t.integer({ doc: "Of these, those it is for." }),
        refused: t.integer({ doc: "Calls it would have refused." }),
        changed: t.integer({ doc: "Calls it would have changed, or their answers." }),
        since: t.dateTime({ optional: true, doc: "When the first of them came." }),
        refusedOperations: t.array(t.object({ operation: t.string(), refused: t.integer() }), {
          doc: "The operations most often refused, at most 20.",
        }),
      },
      run: (ctx, { input }) => dryRun(ctx, input, input.last),
    }),
  },
}));

export const policyRevisionsResource = resource(policyRevisions, ({ all, filter }) => ({
  rows: Object.fromEntries(overseers.map((role) => [role, all])),
  appendOnly: true,
  sortBy: "at.desc",
  indexes: [["policy", "revision"]],
  filters: { of: filter({ policy: revisionFields.policy }, (row, wanted) => eq(row.policy, wanted.policy)) },
}));
