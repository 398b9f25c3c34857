/** What a tenant offers: environments, products, plans, subscriptions, policies. */
import type { FunctionDefinition, ResourceDefinition } from "pons";

export const resources: readonly ResourceDefinition[] = [];

export const operations: Readonly<Record<string, FunctionDefinition>> = {};

export { commerce as messages } from "../messages/commerce.ts";
