/** Uses of passkeys: what a browser answered to a challenge, verified before a command is queued, and counted when it runs. */
import { type CommandContext, eq, type QueryContext, passkeyAnswer, verifyPasskeyUse } from "pons";
import { derivedId } from "./derived-id.ts";
import { challenges, type Passkey, passkeys } from "./passkey-fields.ts";

/** A use that was verified. */
export interface PasskeyUse {
  readonly passkey: string;
  readonly user: string;
  readonly challenge: string;
  readonly signCount: number;
}

export const challengeId = (challenge: string): string => derivedId("chl", challenge);

const passkeyWith = async (ctx: QueryContext, credentialId: string): Promise<Passkey | undefined> =>
  (await ctx.table(passkeys).find((row) => eq(row.credentialId, credentialId), { limit: 1 }))[0];

/** For `prepare`: which passkey has answered which challenge; `undefined` for whatever does not fit. */
export const verifyPasskey = async (ctx: QueryContext, answer: unknown): Promise<PasskeyUse | undefined> => {
  const told = passkeyAnswer(answer);
  if (told === undefined) return undefined;
  const id = challengeId(told.challenge);
  const [challenge, passkey] = [await ctx.table(challenges).get(id), await passkeyWith(ctx, told.credentialId)];
  if (challenge?.purpose !== "use" || challenge.expiresAt <= ctx.now || passkey === undefined) return undefined;
  if (challenge.user !== null && challenge.user !== passkey.user) return undefined;
  const { origin } = challenge;
  if (passkey.origin !== origin) return undefined;
  const { credentialId, publicKey, signCount } = passkey;
  const verified = await verifyPasskeyUse(answer, {
    origin,
    rpId: new URL(origin).hostname,
    challenge: told.challenge,
    credential: { credentialId, publicKey, signCount },
  });
  return verified === undefined
    ? undefined
    : { passkey: passkey.id, user: passkey.user, challenge: id, signCount: verified.signCount };
};

/** For `run`: uses up the challenge and counts the use. Whether nobody was faster. */
export const spendPasskey = async (ctx: CommandContext, user: string, use: PasskeyUse): Promise<boolean> => {
  const [challenge, passkey] = [await ctx.table(challenges).get(use.challenge), await ctx.table(passkeys).get(use.passkey)];
  if (challenge === undefined || challenge.expiresAt <= ctx.now || passkey?.user !== user) return false;
  // Authenticators that do not count say 0 each time.
  const isCopy = use.signCount <= passkey.signCount && (use.signCount > 0 || passkey.signCount > 0);
  ctx.table(challenges).delete(challenge.id);
  if (isCopy) return false;
  ctx.table(passkeys).update(passkey.id, { signCount: use.signCount, lastUsedAt: ctx.now });
  return true;
};
