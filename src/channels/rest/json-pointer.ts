/** JSON Pointer (RFC 6901): `/goods/0/a~1b` → `["goods", "0", "a/b"]`. At most 64 steps; undefined when malformed. */
const stepsMax = 64;

export const parsePointer = (pointer: string): readonly string[] | undefined => {
  if (pointer === "") return [];
  if (!pointer.startsWith("/")) return undefined;
  const steps = pointer.slice(1).split("/");
  if (steps.length > stepsMax || steps.some((step) => /~(?![01])/.test(step))) return undefined;
  return steps.map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
};

/** An index of a list of `length` items: `0`, `12`, without leading zeros; with `canAppend` also `-` and the length itself. */
export const indexOf = (step: string, length: number, options: { readonly canAppend: boolean }): number | undefined => {
  if (options.canAppend && step === "-") return length;
  if (!/^(?:0|[1-9][0-9]{0,8})$/.test(step)) return undefined;
  const index = Number(step);
  return index < length || (options.canAppend && index === length) ? index : undefined;
};
