/**
 * `pons keys create|list|revoke`: API keys, made and revoked in the database itself, so that an installation without any key can have its first
 * one. Works beside running servers.
 */
import { Writer } from "../../batch/index.ts";
import { installationTables } from "../../host/app.ts";
import { grantKeys, type HeldKey, heldKeys, type KeyOrigin, revokeKey } from "../../host/keys.ts";
import { fitSchema } from "../../host/schema.ts";
import { environmentOfKey, hashOfKey, shownPrefix } from "../../pipeline/identity/api-key.ts";
import type { OpenStore } from "../../store/index.ts";
import { type Command, type Invocation, servicesOption } from "../command.ts";
import { CommandError, exitCodes } from "../exit-code.ts";
import { grantFrom } from "../key-grant.ts";
import { table } from "../output.ts";
import { loadDefinitions, withDatabase } from "../surroundings.ts";

const actions = ["create", "list", "revoke"] as const;
const createOptions = ["app", "user", "subject", "roles", "expires"];

interface Opened {
  readonly store: OpenStore;
  readonly writer: Writer;
  readonly definitions: Awaited<ReturnType<typeof loadDefinitions>>;
}

/** The database with its schema, as a start would find it; an empty one gets it. */
const opened = async <T>(invocation: Invocation, work: (opened: Opened) => Promise<T>): Promise<T> => {
  const definitions = await loadDefinitions(invocation);
  return withDatabase(invocation, async (store, config) => {
    await fitSchema(store, definitions.tables, config);
    return work({ store, writer: new Writer(store, { order: installationTables }), definitions });
  });
};

const origin = (): KeyOrigin => ({ channel: "cli", requestId: crypto.randomUUID() });

const create = (invocation: Invocation): Promise<number> =>
  opened(invocation, async ({ writer, definitions }) => {
    const { options, output } = invocation;
    const grant = grantFrom(options, definitions, Date.now());
    await grantKeys({ writer }, [grant], origin());
    const { key, ...rest } = grant;
    const facts = { key, prefix: shownPrefix(key), ...rest, expiresAt: rest.expiresAt ?? null };
    output.result(facts, key);
    if (!output.json) output.note("This is the only time it is shown: the database knows its hash.");
    return exitCodes.ok.code;
  });

type State = "active" | "expired" | "revoked";

const stateOf = ({ revokedAt, expiresAt }: HeldKey, nowMs: number): State => {
  if (revokedAt !== null) return "revoked";
  return expiresAt !== null && Date.parse(expiresAt) <= nowMs ? "expired" : "active";
};

const stateText = (key: HeldKey, state: State): string => {
  if (state === "revoked") return `revoked ${key.revokedAt ?? ""}`;
  return key.expiresAt === null ? state : `${state === "active" ? "until" : state} ${key.expiresAt}`;
};

const rowOf = (key: HeldKey, state: State): string[] => {
  const { id, prefix, tenant, environment, roles, app, user, subject } = key;
  const whose = [app, user, subject].filter((text) => text !== null).join(" ");
  return [id, `${prefix}…`, tenant, environment, roles.join(","), whose === "" ? "–" : whose, stateText(key, state)];
};

const list = (invocation: Invocation): Promise<number> =>
  opened(invocation, async ({ store }) => {
    const { options, output } = invocation;
    const tenant = options.text("tenant");
    const environment = options.text("environment");
    const nowMs = Date.now();
    const found: HeldKey[] = [];
    for await (const key of heldKeys({ store })) {
      if ((tenant ?? key.tenant) === key.tenant && (environment ?? key.environment) === key.environment) found.push(key);
    }
    found.sort((a, b) => a.createdAt.localeCompare(b.createdAt, "en"));
    const facts = found.map((key) => {
      const { hash: _, ...shown } = key;
      return { ...shown, state: stateOf(key, nowMs) };
    });
    const heads = ["id", "begins", "tenant", "environment", "roles", "whose", "state"];
    const rows = found.map((key) => rowOf(key, stateOf(key, nowMs)));
    output.result({ keys: facts }, rows.length === 0 ? "There are no keys." : table([heads, ...rows]));
    return exitCodes.ok.code;
  });

/** The one key that is meant: by its id, by how it begins, or by the key itself. */
const meant = async (store: OpenStore, text: string): Promise<HeldKey> => {
  const hash = environmentOfKey(text) === undefined ? undefined : hashOfKey(text);
  const name = text.replace(/…$/, "");
  const found: HeldKey[] = [];
  for await (const key of heldKeys({ store })) {
    if (hash === undefined ? key.id === name || key.prefix === name : key.hash === hash) found.push(key);
  }
  const [key, other] = found;
  // A key that was typed wrong must not stand in the message.
  const shown = text.startsWith("pons_") ? `${shownPrefix(text)}…` : text;
  if (key === undefined) throw new CommandError("usage", `there is no key ${shown}`, { advice: "See: pons keys list" });
  if (other === undefined) return key;
  const ids = found.map(({ id }) => id).join(", ");
  throw new CommandError("usage", `${found.length} keys begin with ${shown}`, { advice: `Name one by its id: ${ids}` });
};

const revoke = (invocation: Invocation): Promise<number> => {
  const [, text] = invocation.positionals;
  if (text === undefined) throw new CommandError("usage", "keys revoke: which one says <key>", { advice: "See: pons keys list" });
  return opened(invocation, async ({ store, writer }) => {
    const { id, hash, prefix, revokedAt: before } = await meant(store, text);
    const revokedAt = await revokeKey({ writer }, hash, origin());
    const how = before === null ? "is revoked; servers refuse it within a second" : `was revoked before, ${before}`;
    invocation.output.result({ id, prefix, revokedAt }, `${prefix}… ${how}.`);
    return exitCodes.ok.code;
  });
};

const refuseStrayOptions = (action: string, { positionals, options }: Invocation): void => {
  const stray = action === "create" ? [] : [...createOptions, ...(action === "list" ? [] : ["tenant", "environment"])];
  const found = stray.find((name) => options.has(name));
  const advice = "See: pons help keys";
  if (found !== undefined) throw new CommandError("usage", `keys ${action}: --${found} has no meaning`, { advice });
  if (action !== "revoke" && positionals.length > 1)
    throw new CommandError("usage", `keys ${action}: "${positionals[1] ?? ""}" is one argument too many`, { advice });
};

export const keys: Command = {
  name: "keys",
  summary: "Make, list and revoke API keys.",
  doc: [
    "Works on the database itself, in production too, and beside servers that run. A key is shown once, when it is made: the database keeps its hash. A tenant and its environment begin with their first key. A revoked key is refused within a second, and cannot be made valid again.",
  ],
  arguments: [
    { name: "action", doc: "What to do.", required: true, values: actions },
    { name: "key", doc: "With revoke: the key's id, how it begins (when no other begins so), or the key.", required: false },
  ],
  options: {
    tenant: { type: "string", value: "<name>", doc: "Whose it is; with list: only theirs." },
    environment: { type: "string", value: "<name>", doc: "Which of the tenant's environments, such as sandbox or live." },
    roles: { type: "string", value: "<names>", multiple: true, doc: "Roles, with commas between them; may be repeated." },
    app: { type: "string", value: "<name>", doc: "Application that uses it." },
    user: { type: "string", value: "<email>", doc: "Person it stands for." },
    subject: { type: "string", value: "<id>", doc: "Row it stands for, such as the customer whose login it is." },
    expires: { type: "string", value: "<time>", doc: "Day or moment (UTC) from which it is refused; never when left out." },
    ...servicesOption,
  },
  examples: [
    "pons keys create --tenant acme --environment live --roles teller,auditor",
    "pons keys create --tenant acme --environment live --roles customer --subject cus_… --expires 2027-12-31",
    "pons keys list --tenant acme",
    "pons keys revoke 1f3a09c2b7de",
  ],
  async run(invocation) {
    const [action = ""] = invocation.positionals;
    refuseStrayOptions(action, invocation);
    if (action === "create") return create(invocation);
    return action === "list" ? list(invocation) : revoke(invocation);
  },
};
