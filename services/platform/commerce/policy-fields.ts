/** Fields of policies and of their revisions. What settings and scope may hold says `checkPolicy`. */
import { declare, policyKinds, type RowOf, t } from "pons";
import { operationField, slug } from "./words.ts";

const ids = (doc: string) =>
  t.array(t.string({ minLength: 1, maxLength: 64 }), { optional: true, minItems: 1, maxItems: 500, doc });

const scope = t.object(
  {
    environment: t.enum(["sandbox", "live"], { optional: true, doc: "Absent: both." }),
    operations: t.array(operationField("Operations."), {
      optional: true,
      minItems: 1,
      maxItems: 500,
      doc: "Operations it is for; absent: all.",
    }),
    plans: ids("Ids of plans; absent: all."),
    apps: ids("Ids of apps; absent: all."),
    roles: ids("Roles, one of which the caller has; absent: all."),
  },
  { default: {}, doc: "Which calls it is for: those that meet every part." },
);

/** What is set. */
export const policyTerms = {
  doc: t.text({ optional: true, maxLength: 1_000, doc: "Why it is there." }),
  scope,
  settings: t.json({ doc: "As its kind has them.", example: { networks: ["192.0.2.0/24"] } }),
  order: t.integer({
    default: 0,
    min: -1_000,
    max: 1_000,
    doc: "Lower ones are asked first; of two that contradict each other the later one counts.",
  }),
  enabled: t.boolean({ default: true, doc: "Whether it is in force." }),
};

export const policyFields = {
  id: t.id("pol"),
  name: slug("Unique within its environment.", "office-only"),
  kind: t.enum(policyKinds as readonly [string, ...string[]], { write: "create", index: true, doc: "What it does." }),
  ...policyTerms,
  environment: t.enum(["sandbox", "live"], { optional: true, write: "never", index: true, doc: "That of its scope." }),
  revision: t.integer({ default: 1, write: "never", doc: "Counts its changes." }),
  changedBy: t.string({ write: "never", maxLength: 255, doc: "Who changed it last." }),
  createdAt: t.dateTime({ set: "created", index: true }),
  updatedAt: t.dateTime({ set: "updated" }),
};

export type PolicyRow = RowOf<typeof policyFields>;

export const policies = declare("policies", {
  doc: "Rules that are attached to calls at run time. They are in force everywhere within a second, and no call is lost by a change.",
  fields: policyFields,
});

export const revisionFields = {
  id: t.id("polr"),
  policy: t.string({ write: "never", maxLength: 64, index: true, doc: "Id of the policy; it may be gone." }),
  name: t.string({ write: "never", maxLength: 64 }),
  kind: t.string({ write: "never", maxLength: 32 }),
  revision: t.integer({ write: "never", doc: "Its number." }),
  doc: t.text({ optional: true, write: "never", maxLength: 1_000 }),
  scope: t.json({ write: "never" }),
  settings: t.json({ write: "never" }),
  order: t.integer({ write: "never" }),
  enabled: t.boolean({ write: "never" }),
  changedBy: t.string({ write: "never", maxLength: 255, doc: "Who made it so." }),
  at: t.dateTime({ set: "created", index: true }),
};

export const policyRevisions = declare("policyRevisions", {
  doc: "Every policy as it was, change by change. Nothing is ever changed or removed here.",
  fields: revisionFields,
});
