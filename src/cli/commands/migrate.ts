/** `pons migrate`: what separates the database from the definitions, shown or applied. */
import { applyMigration, MigrationError, type Plan, planMigration, type Step } from "../../store/index.ts";
import { type Command, type Invocation, servicesOption } from "../command.ts";
import { CommandError, exitCodes } from "../exit-code.ts";
import { loadDefinitions, withDatabase } from "../surroundings.ts";

const mark = ({ destructive, required }: Step): string => (destructive ? "!" : required ? "+" : "·");

const linesOf = (steps: readonly Step[], withSql: boolean): string[] =>
  steps.flatMap((step) => [
    `  ${mark(step)} ${step.summary}`,
    ...(withSql ? step.sql.map((sql) => `${sql};`.replace(/^/gm, "      ")) : []),
  ]);

const factsOf = (steps: readonly Step[]): object[] =>
  steps.map(({ summary, destructive, required, sql }) => ({ summary, destructive, required, sql }));

const textOf = (plan: Plan, { options }: Invocation): string => {
  const { steps, problems, unknown } = plan;
  const lines: string[] = [];
  if (steps.length > 0) lines.push("To do:", ...linesOf(steps, options.has("sql")));
  if (steps.some(({ destructive }) => destructive)) lines.push("", "! loses values: applied only with --destructive");
  if (problems.length > 0) lines.push("", "What no step can do:", ...problems.map((problem) => `  ✗ ${problem}`));
  if (unknown.length > 0) lines.push("", `Not made by Pons, left alone: ${unknown.join(", ")}`);
  return lines.join("\n");
};

const show = (plan: Plan, invocation: Invocation): number => {
  const { output } = invocation;
  const { steps, problems, unknown } = plan;
  const fits = problems.length === 0 && !steps.some(({ required }) => required);
  const facts = { fits, steps: factsOf(steps), problems, unknown };
  if (steps.length === 0 && problems.length === 0) output.result(facts, "The database has the schema that the services need.");
  else {
    const advice = problems.length > 0 ? "" : "\n\nNothing was changed. Apply it with: pons migrate --apply";
    output.result(facts, `${textOf(plan, invocation)}${advice}`);
  }
  return fits ? exitCodes.ok.code : exitCodes.schema.code;
};

export const migrate: Command = {
  name: "migrate",
  summary: "Show or apply what separates the database from the definitions.",
  doc: [
    "The definitions are the wanted schema. Without --apply the difference is only shown, and the exit code is 3 when services cannot run without it.",
    "All steps are applied together or not at all. Steps that lose values are left out unless --destructive is given.",
  ],
  arguments: [],
  options: {
    apply: { type: "boolean", doc: "Apply the difference." },
    destructive: { type: "boolean", doc: "With --apply: also the steps that lose values." },
    sql: { type: "boolean", doc: "Show the statements." },
    ...servicesOption,
  },
  examples: ["pons migrate", "pons migrate --sql", "pons migrate --apply", "pons migrate --apply --destructive"],
  async run(invocation) {
    const { options, output } = invocation;
    const destructive = options.has("destructive");
    if (destructive && !options.has("apply")) throw new CommandError("usage", "--destructive goes with --apply");
    const { tables } = await loadDefinitions(invocation);
    return withDatabase(invocation, async (store) => {
      const plan = await planMigration(store, tables);
      if (!options.has("apply")) return show(plan, invocation);
      try {
        const { applied, left } = await applyMigration(store, plan, { destructive });
        const lines = [
          ...(applied.length === 0 ? ["Nothing to do."] : ["Done:", ...linesOf(applied, options.has("sql"))]),
          ...(left.length === 0 ? [] : ["Left out, since values would be lost (--destructive):", ...linesOf(left, false)]),
        ];
        output.result({ applied: factsOf(applied), left: factsOf(left) }, lines.join("\n"));
        return exitCodes.ok.code;
      } catch (error) {
        if (!(error instanceof MigrationError)) throw error;
        throw new CommandError("schema", error.message, { advice: "Nothing was changed." });
      }
    });
  },
};
