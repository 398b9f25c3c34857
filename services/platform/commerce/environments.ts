/**
 * The environments of a tenant: the sandbox, for trying, and the live one. Data and keys of the two are apart; what is configured per environment may be
 * brought from one to the other (`promote`).
 */
import { type CommandContext, declare, resource, type RowOf, t } from "pons";
import { promote } from "./promotion.ts";
import { overseers } from "../roles.ts";
import { type EnvironmentName, environmentNames } from "./words.ts";

const fields = {
  id: t.id("env"),
  name: t.enum(environmentNames, { unique: true, write: "never" }),
  title: t.string({ minLength: 1, maxLength: 120, doc: "What it is called.", example: "Sandbox" }),
  status: t.enum(["open", "closed"], { default: "open", doc: "A closed one takes no new subscriptions." }),
  updatedAt: t.dateTime({ set: "updated" }),
};

export type Environment = RowOf<typeof fields>;

export const environments = declare("environments", { doc: "The sandbox and the live environment of the tenant.", fields });

const titles: Readonly<Record<EnvironmentName, string>> = { sandbox: "Sandbox", live: "Live" };

/** The environments by name, made where they are not there yet. */
export const environmentsOf = async (ctx: CommandContext): Promise<ReadonlyMap<EnvironmentName, Environment>> => {
  const table = ctx.table(environments);
  const found = new Map((await table.find(({ name }) => ({ op: "notNull", left: name }))).map((row) => [row.name, row]));
  for (const name of environmentNames)
    if (!found.has(name)) found.set(name, table.insert({ name, title: titles[name], status: "open" }));
  return found;
};

const difference = t.object({
  kind: t.enum(["policies", "products", "plans"]),
  name: t.string(),
  change: t.enum(["created", "changed"]),
  fields: t.array(t.object({ field: t.string(), before: t.json({ optional: true }), after: t.json({ optional: true }) })),
});

export const environmentResource = resource(environments, ({ self, all, command }) => ({
  rows: { ...Object.fromEntries(overseers.map((role) => [role, all])), developer: all },
  sortBy: "name.desc",
  functions: {
    set: command({
      on: "collection",
      doc: "Says how an environment is called, and whether it is open.",
      roles: ["admin"],
      input: {
        name: t.enum(environmentNames, { doc: "Which one." }),
        title: t.string({ optional: true, minLength: 1, maxLength: 120, doc: "Absent: it stays." }),
        status: t.enum(["open", "closed"], { optional: true, doc: "Absent: it stays." }),
      },
      output: "row",
      run: async (ctx, { input: { name, title, status } }) => {
        const row = (await environmentsOf(ctx)).get(name);
        if (row === undefined) throw new Error(`there is no environment ${name}`);
        return ctx.table(self).update(row.id, { title: title ?? row.title, status: status ?? row.status });
      },
    }),
    promote: command({
      on: "collection",
      doc: "Brings to one environment what is configured for another: its policies by name, and which products and plans are on offer. Nothing is taken away; rows and keys stay apart.",
      roles: ["admin"],
      stepUp: true,
      input: {
        from: t.enum(environmentNames, { default: "sandbox", doc: "Where it is configured." }),
        to: t.enum(environmentNames, { default: "live", doc: "Where it is brought." }),
        dryRun: t.boolean({ default: false, doc: "Only says what would be changed." }),
      },
      output: {
        applied: t.boolean({ doc: "Whether it was changed." }),
        differences: t.array(difference, { doc: "What differed." }),
      },
      refusals: {
        kind_differs: { status: 409, doc: "A policy of the same name is of another kind there." },
        too_many_rows: { status: 409, doc: "There are as many as there may be." },
      },
      run: async (ctx, { input }) => {
        const found = await promote(ctx, input);
        return "refused" in found ? found : { applied: !input.dryRun, differences: found };
      },
    }),
  },
}));
