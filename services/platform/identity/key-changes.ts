/** Makes and ends keys: the row of the key, and what its app tells of it, are changed together. */
import { and, type CommandContext, eq, type FunctionRefusal, type InputOf, t } from "pons";
import { type App, apps } from "./app-fields.ts";
import { type Key, keyKinds, keyLimits, keys, keysMax } from "./key-fields.ts";
import { listsWith, mint } from "./key-secret.ts";
import { ownersOf, tell } from "./mail.ts";
import { isNetwork } from "./network.ts";
import { environments } from "./session-fields.ts";
import { stepUpFlaw } from "./session.ts";
import { shownFields } from "./shown-fields.ts";

/** What only some kinds are given. */
export const givenInput = {
  publicKey: t.text({
    optional: true,
    maxLength: 16_384,
    doc: "ed25519: the public key, PEM or base64 of SubjectPublicKeyInfo.",
  }),
  certificate: t.text({ optional: true, maxLength: 16_384, doc: "certificate: it, in PEM." }),
};

export const keyInput = {
  name: t.string({ minLength: 1, maxLength: 64, example: "Web server" }),
  kind: t.enum(keyKinds, { default: "api", doc: "How it is used." }),
  environment: t.enum(environments, { default: "sandbox", doc: "Where it counts." }),
  ...keyLimits,
  expiresAt: t.dateTime({ optional: true, doc: "When it ends by itself; absent: it does not." }),
  ...givenInput,
};

export const keyOutput = {
  ...shownFields(keys.fields),
  secret: t.string({ optional: true, secret: true, doc: "Shown once: api, secret, hmac." }),
  keyId: t.string({ optional: true, doc: "What a signature names (`keyid`), or Basic as user name." }),
};

export const keyRefusals = {
  app_closed: { status: 409, doc: "The app is closed." },
  too_many_keys: { status: 409, doc: `An app has at most ${keysMax} keys that count.` },
  key_material_invalid: {
    status: 422,
    doc: "The public key or certificate is missing, cannot be read, is of another kind, or has expired.",
  },
  key_limits_misplaced: { status: 422, doc: "Addresses, operations and scopes limit keys of kind `api` alone." },
  network_invalid: { status: 422, doc: "It is no address and no network such as 192.0.2.0/24." },
  expires_in_past: { status: 422, doc: "The key would end before it begins." },
} as const;

type Wanted = InputOf<typeof keyInput>;

const flawOf = (ctx: CommandContext, app: App, wanted: Wanted): FunctionRefusal | undefined => {
  if (app.status === "closed") return ctx.refuse("app_closed");
  if (app.keyCount >= keysMax) return ctx.refuse("too_many_keys");
  if (wanted.kind !== "api" && (wanted.ips ?? wanted.operations ?? wanted.scopes) !== null)
    return ctx.refuse("key_limits_misplaced");
  const network = wanted.ips?.find((ip) => !isNetwork(ip));
  if (network !== undefined) return ctx.refuse("network_invalid", { network });
  if (wanted.expiresAt !== null && wanted.expiresAt <= ctx.now) return ctx.refuse("expires_in_past");
  return wanted.environment === "live" ? stepUpFlaw(ctx) : undefined;
};

/** What a signature names (`keyid`), and Basic as user name: the app, with the environment where it is not `live`. */
const keyIdOf = ({ kind, app, environment }: Key): string | null => {
  if (kind === "api" || kind === "certificate") return null;
  return environment === "live" ? app : `${app}/${environment}`;
};

export interface MadeKey {
  readonly row: Key;
  readonly secret: string | null;
}

/** What a person is shown of a new key. */
export const shownKey = ({ row, secret }: MadeKey): Readonly<Record<string, unknown>> => ({
  ...row,
  secret,
  keyId: keyIdOf(row),
});

/** Makes a key of an app. */
export const makeKey = (ctx: CommandContext, app: App, wanted: Wanted): MadeKey | FunctionRefusal => {
  const flaw = flawOf(ctx, app, wanted);
  if (flaw !== undefined) return flaw;
  const { name, kind, environment, ips, operations, scopes, publicKey, certificate } = wanted;
  const id = ctx.id(keys);
  const minted = mint(ctx, { id, kind, environment }, { publicKey, certificate });
  if (minted === undefined) return ctx.refuse("key_material_invalid");
  const ends = [wanted.expiresAt, minted.notAfter].filter((moment) => moment !== null).toSorted();
  const expiresAt = ends[0] ?? null;
  const row = ctx.table(keys).insert({
    id,
    app: app.id,
    owner: app.owner,
    tenant: ctx.principal.tenant,
    name,
    kind,
    environment,
    ips,
    operations,
    scopes,
    ...minted.kept,
    expiresAt,
    dueAt: expiresAt,
    createdBy: ctx.principal.user ?? ctx.principal.app,
  });
  ctx.table(apps).update(app.id, { ...listsWith(app, row), keyCount: app.keyCount + 1 });
  return { row, secret: minted.secret };
};

/** Tells whoever answers for the app of a key for real data. */
export const tellOfKey = async (ctx: CommandContext, app: App, row: Key): Promise<void> => {
  if (row.environment !== "live") return;
  for (const owner of await ownersOf(ctx, app)) tell(ctx, owner, "keyMade", { app: app.name, key: row.name });
};

/** Changes a key: from then on every node acts upon it. `app`: as it is now. */
export const changeKey = (
  ctx: CommandContext,
  app: App | undefined,
  row: Key,
  changes: Partial<Pick<Key, "status" | "expiresAt" | "dueAt" | "revokedAt" | "replacedBy">>,
): Key => {
  const changed = ctx.table(keys).update(row.id, changes);
  if (app === undefined) return changed;
  const isOver = row.status === "active" && changed.status !== "active";
  ctx.table(apps).update(app.id, { ...listsWith(app, changed), ...(isOver ? { keyCount: Math.max(0, app.keyCount - 1) } : {}) });
  return changed;
};

/** Ends all keys of an app. */
export const endKeys = async (ctx: CommandContext, app: App): Promise<void> => {
  const active = await ctx.table(keys).find((row) => and(eq(row.app, app.id), eq(row.status, "active")));
  for (const row of active) ctx.table(keys).update(row.id, { status: "revoked", revokedAt: ctx.now, dueAt: null });
  ctx.table(apps).update(app.id, { signers: [], secrets: [], keyCount: 0 });
};
