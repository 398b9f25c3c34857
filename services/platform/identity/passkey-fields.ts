/** Fields of passkeys, and of the challenges they answer. */
import { declare, type RowOf, t } from "pons";

export const passkeysMax = 10;
export const challengeSeconds = 300;

const hidden = { write: "never", read: [], filter: false } as const;

export const passkeyFields = {
  id: t.id("pky"),
  user: t.ref("users", { write: "never" }),
  name: t.string({ minLength: 1, maxLength: 64, doc: "What its owner calls it.", example: "Laptop" }),
  credentialId: t.string({ ...hidden, maxLength: 1_400, unique: true }),
  publicKey: t.text({ ...hidden, maxLength: 8_192 }),
  signCount: t.integer({ ...hidden }),
  origin: t.string({ maxLength: 253, write: "never", doc: "Where it counts." }),
  isBackedUp: t.boolean({ default: false, write: "never", doc: "Whether it is kept on more than one device." }),
  lastUsedAt: t.dateTime({ optional: true, write: "never" }),
  createdAt: t.dateTime({ set: "created" }),
};

export type Passkey = RowOf<typeof passkeyFields>;

export const passkeys = declare("passkeys", {
  doc: "Passkeys (WebAuthn): what people log in with in place of a password, or after one.",
  fields: passkeyFields,
});

/** By an id that follows from the challenge; used up by being answered. Internal: no role sees it. */
export const challengeFields = {
  id: t.id("chl"),
  purpose: t.enum(["create", "use"]),
  user: t.string({ optional: true, maxLength: 64 }),
  origin: t.string({ maxLength: 253 }),
  expiresAt: t.dateTime(),
  dueAt: t.dateTime({ optional: true }),
};

export type Challenge = RowOf<typeof challengeFields>;

export const challenges = declare("challenges", { doc: "What passkeys have to sign.", fields: challengeFields });
