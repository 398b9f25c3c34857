/** Tenants that the installation makes itself: its own, and that of a demonstration. */
import { tenantEnvironment } from "../pipeline/identity/realm.ts";
import type { App } from "./app.ts";

/** Tenant of the installation's own staff. */
export const operatorTenant = "pons";

/** Makes the tenant's row in the control plane where there is none. */
export const ensureTenant = async (
  app: App,
  tenant: { readonly name: string; readonly title: string; readonly contact: string },
): Promise<void> => {
  const operation = app.contracts.get("platform")?.operations.get("ensureTenant");
  if (operation === undefined || (await app.directory.get("tenant", tenant.name)) !== undefined) return;
  const result = await app.pipeline.run({
    operation,
    input: { body: tenant },
    credentials: { kind: "none" },
    principal: await app.identity.systemCaller(operatorTenant, tenantEnvironment),
    locale: "en",
    requestId: "start",
    channel: "host",
  });
  // Another node may have been faster.
  if (!result.ok && result.refusal.type !== "already_exists")
    throw new Error(`the tenant ${tenant.name} was not made: ${result.refusal.type}`, { cause: result.refusal });
};
