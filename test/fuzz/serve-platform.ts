/**
 * The control plane under attack: the real server on a free port of 127.0.0.1, with a key for each role of the demo tenant, the installation's staff, and
 * the administrator of another tenant. Started by target.ts with an IPC channel, as serve.ts is; ends when that closes.
 */
import { join } from "node:path";
import { requireConfig } from "../../src/host/config.ts";
import { grantKeys } from "../../src/host/keys.ts";
import { run } from "../../src/host/run.ts";
import { createLogger } from "../../src/observe/logger.ts";
import { newApiKey } from "../../src/pipeline/identity/api-key.ts";
import { tenantEnvironment } from "../../src/pipeline/identity/realm.ts";

const root = join(import.meta.dir, "..", "..");
const logger = createLogger({ level: "warn", text: false });
process.on("unhandledRejection", (error) => logger.error("unhandled_rejection", { error }));
process.on("uncaughtException", (error) => logger.error("uncaught_exception", { error }));

const { config } = requireConfig({ ...process.env, PONS_PORT: "0", PONS_HOST: "127.0.0.1", PONS_MODE: "development" });
const running = await run(config, {
  services: [join(root, "services", "platform"), join(root, "test", "fixtures", "shop.ts")],
  logger,
});
const { app, baseUrl } = running;

/** A call as the installation itself; the id of what it made. */
const asSystem = async (name: string, tenant: string, body: object): Promise<string> => {
  const operation = app.contracts.get("platform")?.operations.get(name);
  if (operation === undefined) throw new Error(`there is no operation ${name}`);
  const result = await app.pipeline.run({
    operation,
    input: { body },
    credentials: { kind: "none" },
    principal: await app.identity.systemCaller(tenant, tenantEnvironment),
    locale: "en",
    requestId: "start",
    channel: "host",
  });
  if (!result.ok) throw new Error(`${name}: ${JSON.stringify(result.refusal)}`);
  const { id, user } = result.data as { id?: string; user?: string };
  return id ?? user ?? "";
};

for (const name of ["rival", "prey"]) {
  await asSystem("tenants.add", "pons", { name, title: name, contact: `admin@${name}.example` });
}
const person = (email: string) => ({ email, name: "Somebody", password: "correct horse battery staple" });
const developer = await asSystem("provisionUser", "demo", { ...person("dev@demo.example"), roles: ["platform:developer"] });
const rival = await asSystem("provisionUser", "rival", { ...person("boss@rival.example"), roles: ["platform:admin"] });
if (developer === "" || rival === "") throw new Error("nobody was made");

const grants = {
  developer: { roles: ["platform:person", "platform:developer"], user: developer },
  admin: { roles: ["platform:admin"] },
  auditor: { roles: ["platform:auditor"] },
  staff: { roles: ["platform:staff"] },
  operator: { roles: ["platform:operator"], tenant: "pons" },
  rival: { roles: ["platform:admin", "platform:person"], tenant: "rival", user: rival },
} as const;
const keys = Object.fromEntries(Object.keys(grants).map((name) => [name, newApiKey("sandbox")])) as Record<
  keyof typeof grants,
  string
>;
await grantKeys(
  app,
  Object.entries(grants).map(([name, { roles, ...more }]) => ({
    tenant: "demo",
    environment: "sandbox",
    app: "fuzz",
    user: null,
    subject: null,
    key: keys[name as keyof typeof grants],
    roles,
    ...more,
  })),
);

process.on("message", (message) => {
  if (message !== "memory") return;
  Bun.gc(true);
  process.send?.({ rssBytes: process.memoryUsage().rss });
});
process.on("disconnect", () => {
  void running.stop().then(() => process.exit(0));
});
process.send?.({ baseUrl, keys, customer: developer, other: rival });
