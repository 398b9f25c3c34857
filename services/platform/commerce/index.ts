/** What a tenant offers and under which rules: environments, products, plans, subscriptions, grants of roles, issuers, policies. */
import type { FunctionDefinition, ResourceDefinition } from "pons";
import { catalogue } from "./catalogue.ts";
import { environmentResource } from "./environments.ts";
import { issuers } from "./issuers.ts";
import { plans } from "./plans.ts";
import { policies, policyRevisionsResource } from "./policies.ts";
import { products } from "./products.ts";
import { roleGrants } from "./role-grants.ts";
import { subscriptions } from "./subscriptions.ts";

export const resources: readonly ResourceDefinition[] = [
  environmentResource,
  products,
  plans,
  subscriptions,
  roleGrants,
  issuers,
  policies,
  policyRevisionsResource,
];

export const operations: Readonly<Record<string, FunctionDefinition>> = { catalogue };

export { commerce as messages } from "../messages/commerce.ts";

export { seedCommerce } from "./seed.ts";
