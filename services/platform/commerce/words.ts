/** Fields that several resources of the area have, and lists they share. */
import { t } from "pons";

/** The environments of every tenant. */
export const environmentNames = ["sandbox", "live"] as const;

export type EnvironmentName = (typeof environmentNames)[number];

/** A name by which files and people refer to a row: `payments`, `pro-2026`. */
export const slug = (doc: string, example: string) =>
  t.string({ minLength: 1, maxLength: 64, pattern: "[a-z][a-z0-9]*(-[a-z0-9]+)*", doc, example });

/** Where something is on offer. */
export const offeredIn = t.array(t.enum(environmentNames), {
  default: ["sandbox", "live"],
  minItems: 1,
  maxItems: environmentNames.length,
  doc: "Environments in which it is on offer.",
});

/** The form of an operation pattern, as in keys and policies. */
export const operationField = (doc: string) =>
  t.string({
    maxLength: 160,
    pattern: "[a-z][a-z0-9]*\\.(\\*|[a-zA-Z][a-zA-Z0-9]*(\\.(\\*|[a-zA-Z][a-zA-Z0-9]*))?)",
    doc,
    example: "bank.accounts.*",
  });
