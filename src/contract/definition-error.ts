/** A definition that does not fit: every problem found, each with the place it stands in. */
export class DefinitionError extends Error {
  override readonly name = "DefinitionError";
  readonly problems: readonly string[];

  constructor(service: string, problems: readonly string[]) {
    super(`service ${service} does not fit:\n${problems.map((p) => `  - ${p}`).join("\n")}`);
    this.problems = problems;
  }
}
