/** Rows of the identity area that this one reads and changes. */
import { declare, t } from "pons";

export const communities = declare("communities", {
  doc: "Communities.",
  singular: "community",
  fields: { id: t.id("com"), name: t.string({ unique: true }), joining: t.enum(["open", "invitation"]) },
});

export const members = declare("members", {
  doc: "Members.",
  fields: { id: t.id("mem"), community: t.ref("communities"), user: t.ref("users") },
});

export const users = declare("users", {
  doc: "Users.",
  fields: { id: t.id("usr"), email: t.email({ unique: true }), roles: t.array(t.string(), { default: [] }) },
});

export const apps = declare("apps", {
  doc: "Apps.",
  fields: {
    id: t.id("app"),
    name: t.string(),
    owner: t.ref("users", { optional: true }),
    status: t.enum(["active", "suspended"], { default: "active" }),
    roles: t.array(t.string(), { default: [] }),
    subscriptions: t.json({ default: [] }),
  },
});
