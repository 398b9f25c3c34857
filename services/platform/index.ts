/**
 * The platform: the control plane as a service like any other. Tenants and their people, developers and their apps and keys; what is on offer and under
 * which terms. Its rows belong to a tenant as a whole, whichever environment a caller comes from.
 */
import { service } from "pons";
import * as analytics from "./analytics/index.ts";
import * as commerce from "./commerce/index.ts";
import * as identity from "./identity/index.ts";
import { messages } from "./messages/index.ts";
import { roles } from "./roles.ts";
import * as webhooks from "./webhooks/index.ts";

export default service("platform", {
  title: "Platform",
  doc: `Who may call, and on which terms: tenants, communities and their members, accounts and sessions, apps and keys, products, plans, subscriptions, policies.

A person signs up, logs in by a browser's session, registers an app, subscribes it to a product and makes a key. What is changed here is in force on every node within a second.`,
  version: "v1",
  rowsOf: "tenant",
  // Agents look; who may call, and under which rules, people decide.
  mcp: { tools: ["reads"] },
  roles,
  resources: [...identity.resources, ...commerce.resources, ...analytics.resources, ...webhooks.resources],
  operations: { ...identity.operations, ...commerce.operations, ...analytics.operations },
  messages,
  // The demo's keys are an administrator's here.
  demo: { staff: ["admin"], customer: [] },
  // Loaded when it is asked for: most starts do not.
  async *seed(seeder) {
    const { seed } = await import("./seed.ts");
    yield* seed(seeder);
  },
});
