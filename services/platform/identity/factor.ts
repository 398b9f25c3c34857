/** Shows a second factor: a one-time code, a recovery code, or a passkey. Each counts once. */
import { type CommandContext, hashOfKey, totpStepOf } from "pons";
import type { PasskeyUse } from "./passkey-use.ts";
import { spendPasskey } from "./passkey-use.ts";
import { type User, users } from "./user-fields.ts";

/** What was shown. A passkey is verified before (`prepare`), and counted now. */
export interface Shown {
  readonly totp: string | null;
  readonly recoveryCode: string | null;
  readonly passkey?: PasskeyUse | undefined;
}

export const totpLabel = (user: string, number: number): string => `totp ${user} ${number}`;

/** As it was given, whatever the spaces and letters. */
export const recoveryHash = (code: string): string => hashOfKey(code.toUpperCase().replace(/[^0-9A-Z]/g, ""));

export const hasShown = ({ totp, recoveryCode, passkey }: Shown): boolean =>
  totp !== null || recoveryCode !== null || passkey !== undefined;

/** Whether what was shown is right; what it used up is marked. */
export const spendFactor = async (ctx: CommandContext, user: User, shown: Shown): Promise<boolean> => {
  if (shown.passkey !== undefined) return spendPasskey(ctx, user.id, shown.passkey);
  if (shown.totp !== null) {
    if (user.totpStatus !== "active") return false;
    const derived = ctx.derive(totpLabel(user.id, user.totpNumber));
    const step = totpStepOf(derived, shown.totp, { atMs: Date.parse(ctx.now), lastStep: user.totpStep });
    if (step === undefined) return false;
    ctx.table(users).update(user.id, { totpStep: step });
    return true;
  }
  if (shown.recoveryCode === null) return false;
  const hash = recoveryHash(shown.recoveryCode);
  if (!user.recoveryCodes.includes(hash)) return false;
  ctx.table(users).update(user.id, { recoveryCodes: user.recoveryCodes.filter((kept) => kept !== hash) });
  return true;
};

/** What the account can show, by the names of the inputs. */
export const methodsOf = (user: User): readonly string[] => [
  ...(user.totpStatus === "active" ? ["totp"] : []),
  ...(user.passkeyCount > 0 ? ["passkey"] : []),
  ...(user.recoveryCodes.length > 0 ? ["recoveryCode"] : []),
];
