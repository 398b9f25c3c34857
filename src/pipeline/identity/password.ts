/**
 * Passwords, after NIST SP 800-63B-4, section 3.1.1: long enough, not one that everybody uses, no rule of what they are made of. Kept as Argon2id with
 * the parameters of the OWASP Password Storage Cheat Sheet (19 MiB, two rounds).
 */

/** Characters (Unicode code points) where the password is the only factor, where there is a second one, and at most. */
export const passwordLengths = { alone: 15, withSecondFactor: 8, max: 128 } as const;

const argon2 = { algorithm: "argon2id", memoryCost: 19_456, timeCost: 2 } as const;

/** Fewer different characters than that are a pattern, not a password. */
const differentMin = 5;

/** Words of a person shorter than that occur in good passwords by chance. */
const personalLengthMin = 4;

/** One form for each way to type the same characters. */
const normal = (password: string): string => password.normalize("NFC");

/** The hash to keep, as text that names its parameters. Takes tens of milliseconds. */
export const hashPassword = (password: string): Promise<string> => Bun.password.hash(normal(password), argon2);

let decoy: Promise<string> | undefined;

/** Whether a password is that of a hash. Without a hash the answer is no, after the same work as with one: it does not tell who is known. */
export const verifyPassword = async (password: string, hash: string | null): Promise<boolean> => {
  decoy ??= hashPassword(crypto.randomUUID());
  const isRight = await Bun.password.verify(normal(password), hash ?? (await decoy));
  return isRight && hash !== null;
};

export type PasswordFlaw = "password_too_short" | "password_too_common" | "password_personal";

let common: Promise<ReadonlySet<string>> | undefined;

/** Some 49,000 passwords that leaked most often; loaded when first asked for. */
const commonPasswords = (): Promise<ReadonlySet<string>> => {
  common ??= import("@zxcvbn-ts/language-common").then(({ dictionary }) => new Set(dictionary["passwords-common"]));
  return common;
};

/** Whether each character follows the one before by the same step, as in `abcdefgh` and `99999999`. */
const isSequence = (text: string): boolean => {
  const codes = [...text].map((character) => character.codePointAt(0) ?? 0);
  const step = (codes[1] ?? 0) - (codes[0] ?? 0);
  return Math.abs(step) <= 1 && codes.every((code, at) => at === 0 || code - (codes[at - 1] ?? 0) === step);
};

/** What is wrong with a new password; `undefined` when nothing is. `personal`: address, name and the like, which it must not be made of. */
export const flawOfPassword = async (
  password: string,
  { hasSecondFactor, personal }: { readonly hasSecondFactor: boolean; readonly personal: readonly string[] },
): Promise<PasswordFlaw | undefined> => {
  const text = normal(password);
  const length = [...text].length;
  if (length < (hasSecondFactor ? passwordLengths.withSecondFactor : passwordLengths.alone)) return "password_too_short";
  const lower = text.toLowerCase();
  // A common password with its own echo or some digits around it is no better.
  const bare = lower.replace(/^[0-9\W_]+|[0-9\W_]+$/g, "");
  const known = await commonPasswords();
  const half = lower.slice(0, Math.floor(lower.length / 2));
  const isKnown =
    known.has(lower) || known.has(bare) || (half.length * 2 === lower.length && half + half === lower && known.has(half));
  if (isKnown || new Set(lower).size < differentMin || isSequence(lower)) return "password_too_common";
  const words = personal
    .flatMap((word) => [word, ...word.split(/[@.\s_+-]+/)])
    .map((word) => normal(word).toLowerCase())
    .filter((word) => word.length >= personalLengthMin);
  // What is left of it without them has to be a password by itself.
  const rest = words.reduce((left, word) => left.replaceAll(word, ""), lower);
  return rest !== lower && [...rest].length < passwordLengths.withSecondFactor ? "password_personal" : undefined;
};
