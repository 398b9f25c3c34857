/**
 * The program under attack: the real server on a free port of 127.0.0.1, with the bank and its demo data, the shop of the REST tests, a service
 * of every kind of field, and a key for each role. Started by target.ts with an IPC channel; ends when that closes.
 *
 *   PONS_DATA, PONS_DATABASE_URL   as for `pons start`
 *   → { baseUrl, keys, customer, other }      once it listens
 *   "memory" → { rssBytes }                   after a collection of garbage
 *
 * Logs of weight warn and above go to standard error as JSON, a line per event; so does what is thrown where nobody waits for it.
 */
import { join } from "node:path";
import { requireConfig } from "../../src/host/config.ts";
import { grantKeys } from "../../src/host/keys.ts";
import { run } from "../../src/host/run.ts";
import { createLogger } from "../../src/observe/logger.ts";
import { newApiKey } from "../../src/pipeline/identity/api-key.ts";

const root = join(import.meta.dir, "..", "..");
const logger = createLogger({ level: "warn", text: false });
process.on("unhandledRejection", (error) => logger.error("unhandled_rejection", { error }));
process.on("uncaughtException", (error) => logger.error("uncaught_exception", { error }));

const { config } = requireConfig({ ...process.env, PONS_PORT: "0", PONS_HOST: "127.0.0.1", PONS_MODE: "development" });
const running = await run(config, {
  services: [join(root, "services", "bank"), join(root, "test", "fixtures", "shop.ts"), join(root, "test", "fuzz", "kinds.ts")],
  logger,
});
const { app, baseUrl, demo } = running;
const customer = demo?.logins.customer?.subject;
if (demo === undefined || customer === undefined) throw new Error("the demo tenant has no customer");

const answer = await fetch(`${baseUrl}/bank/v2/accounts?kind=customer&status=active&customer!=${customer}&perPage=1`, {
  headers: { authorization: `Bearer ${demo.keys.sandbox}` },
});
const found = (await answer.json()) as { data?: { customer?: string }[] };
const other = found.data?.[0]?.customer;
if (other === undefined) throw new Error(`there is no second customer: ${answer.status}`);

/** Who calls: one role each, so that what one role may not do is seen. */
const grants = {
  teller: { roles: ["teller"] },
  supervisor: { roles: ["supervisor"] },
  auditor: { roles: ["auditor"] },
  customer: { roles: ["customer"], subject: customer },
  other: { roles: ["customer"], subject: other },
  clerk: { roles: ["clerk"] },
  guest: { roles: ["guest"] },
  stranger: { roles: ["teller", "clerk"], tenant: "another" },
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
process.send?.({ baseUrl, keys, customer, other });
