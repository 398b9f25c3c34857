/** Webhooks: where events are delivered, and the log of deliveries. */
import type { ResourceDefinition } from "pons";
import { deliveryResource, stateResource } from "./deliveries.ts";
import { webhookResource } from "./webhooks.ts";

export const resources: readonly ResourceDefinition[] = [webhookResource, deliveryResource, stateResource];
