/** Fields of an app. */
import { declare, type RowOf, t } from "pons";
import { rolePattern } from "../roles.ts";

export const appsMax = 100;
export const grantTypes = ["authorization_code", "refresh_token", "client_credentials"] as const;

const hidden = { write: "never", read: [], filter: false } as const;
const origin = "https?://[a-z0-9][a-z0-9.-]{0,200}(:[0-9]{1,5})?";

/** What its owner says of it. */
export const appTerms = {
  name: t.string({ minLength: 1, maxLength: 120, index: true, doc: "Unique among the apps of its owner.", example: "Shop" }),
  description: t.text({ optional: true, maxLength: 2_000, doc: "What it is for." }),
  redirectUris: t.array(t.string({ minLength: 1, maxLength: 2_048, example: "https://shop.example/callback" }), {
    default: [],
    maxItems: 20,
    filter: false,
    doc: "Where a person is sent back to after having logged in (OAuth); compared character by character.",
  }),
  grantTypes: t.array(t.enum(grantTypes), { default: [], maxItems: 3, filter: false, doc: "Ways of OAuth that it uses." }),
  origins: t.array(t.string({ maxLength: 253, pattern: origin, example: "https://shop.example" }), {
    default: [],
    maxItems: 20,
    filter: false,
    doc: "Web pages that may call from a browser.",
  }),
  scopes: t.array(t.string({ maxLength: 160, pattern: "[a-z][a-zA-Z0-9._]*(:(read|write))?", example: "bank:read" }), {
    optional: true,
    minItems: 1,
    maxItems: 100,
    filter: false,
    doc: "Scopes that it may ask for; absent: any.",
  }),
  isConfidential: t.boolean({
    default: true,
    write: "create",
    doc: "Whether it can keep a secret: a server can, a page or phone cannot.",
  }),
};

export const appFields = {
  id: t.id("app"),
  ...appTerms,
  owner: t.ref("users", { optional: true, write: "never", doc: "Whose it is; absent: the tenant's own." }),
  community: t.ref("communities", { optional: true, write: "never", doc: "The community in which it was registered." }),
  status: t.enum(["active", "suspended", "closed"], { default: "active", write: "never", index: true }),
  reason: t.string({ optional: true, maxLength: 500, write: "never", filter: false, doc: "Why it was suspended." }),
  roles: t.array(t.string({ maxLength: 81, pattern: rolePattern }), {
    default: [],
    maxItems: 50,
    write: "never",
    filter: false,
    doc: "Roles granted to it beside those of its subscriptions.",
  }),
  /** Kept by subscriptions: `[{ product, plan, environment }]`. */
  subscriptions: t.json({ default: [], write: "never", filter: false, doc: "What it may use: product, plan, environment." }),
  /** Kept by its keys; as AppEntry has them. */
  signers: t.json({ ...hidden, default: [] }),
  secrets: t.json({ ...hidden, default: [], secret: true }),
  keyCount: t.integer({ default: 0, write: "never", doc: "Keys that count." }),
  createdAt: t.dateTime({ set: "created", index: true }),
  updatedAt: t.dateTime({ set: "updated" }),
};

export type App = RowOf<typeof appFields>;

export const apps = declare("apps", { doc: "Programs that call the services.", fields: appFields });
