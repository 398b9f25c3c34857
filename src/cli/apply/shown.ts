/** Steps for people and for programs: `~ plan free`, and below it what changes field by field. */
import type { Path } from "./document.ts";
import type { FieldChange, Step } from "./difference.ts";

const marks = { create: "+", change: "~", replace: "~", remove: "-" } as const;
const lengthMax = 120;
const dots = "••••";

/** Whether anything at or below a path came from elsewhere. */
const isHidden = (hidden: readonly Path[], path: Path): boolean =>
  hidden.some((one) => path.every((step, index) => one[index] === step));

/** The same changes, without what came from elsewhere. */
const told = (step: Step, hidden: readonly Path[]): readonly FieldChange[] => {
  if (step.action === "remove") return [];
  const { path } = step.item;
  return step.changes.map((change) =>
    isHidden(hidden, [...path, change.field]) ? { field: change.field, before: dots, after: dots } : change,
  );
};

const textOf = (value: unknown): string => {
  // What is null within says nothing.
  const text = JSON.stringify(value, (name, inner: unknown) => (inner === null && name !== "" ? undefined : inner));
  return text.length > lengthMax ? `${text.slice(0, lengthMax)}…` : text;
};

/** For `--json`. */
export const factsOf = (steps: readonly Step[], hidden: readonly Path[]): readonly object[] =>
  steps.map((step) => ({ action: step.action, kind: step.kind.name, name: step.key, changes: told(step, hidden) }));

/** Lines for people. */
export const linesOf = (steps: readonly Step[], hidden: readonly Path[]): readonly string[] =>
  steps.flatMap((step) => [
    `${marks[step.action]} ${step.kind.word} ${step.key}`,
    ...told(step, hidden)
      .filter(({ field }) => step.action !== "create" || !step.kind.fixed.includes(field))
      .map(({ field, before, after }) =>
        step.action === "create" ? `    ${field}: ${textOf(after)}` : `    ${field}: ${textOf(before)} → ${textOf(after)}`,
      ),
  ]);
