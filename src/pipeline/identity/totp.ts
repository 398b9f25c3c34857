/**
 * One-time codes by time (RFC 6238 over RFC 4226): HMAC-SHA-1, six digits, steps of 30 seconds, as every authenticator app has them. A code of the step
 * before or after the present one counts too, since clocks differ.
 */

const digits = 6;
const stepSeconds = 30;
const stepsAround = [0, -1, 1] as const;
const secretBytes = 20;

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** RFC 4648 section 6, without padding: as apps take secrets that are typed in. */
const base32 = (bytes: Uint8Array): string => {
  let text = "";
  let rest = 0;
  let bits = 0;
  for (const byte of bytes) {
    rest = (rest << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += alphabet[(rest >>> bits) & 31] ?? "";
    }
    rest &= (1 << bits) - 1;
  }
  return bits === 0 ? text : text + (alphabet[(rest << (5 - bits)) & 31] ?? "");
};

/** The 160 bits of a secret, from a derived one (`ctx.derive`, base64url). */
const keyOf = (derived: string): Uint8Array => Uint8Array.fromBase64(derived, { alphabet: "base64url" }).subarray(0, secretBytes);

/** The code of a step; `key` has any length. */
export const totpCode = (key: Uint8Array, step: number): string => {
  const counter = new Uint8Array(8);
  new DataView(counter.buffer).setBigUint64(0, BigInt(step));
  const mac = new Bun.CryptoHasher("sha1", key).update(counter).digest();
  const offset = (mac[mac.length - 1] ?? 0) & 15;
  const value = new DataView(mac.buffer, mac.byteOffset).getUint32(offset) & 0x7fff_ffff;
  return String(value % 10 ** digits).padStart(digits, "0");
};

/** The step a moment is in. */
export const totpStep = (atMs: number): number => Math.floor(atMs / 1_000 / stepSeconds);

/** The secret as text to type in, and as the address that a QR code holds. */
export const totpEnrolment = (
  derived: string,
  { issuer, account }: { readonly issuer: string; readonly account: string },
): { readonly secret: string; readonly uri: string } => {
  const secret = base32(keyOf(derived));
  const label = `${encodeURIComponent(issuer)}:${encodeURIComponent(account)}`;
  const uri = `otpauth://totp/${label}?secret=${secret}&issuer=${encodeURIComponent(issuer)}&algorithm=SHA1&digits=${digits}&period=${stepSeconds}`;
  return { secret, uri };
};

/** The step whose code was given, if it is later than the last one used: a code counts once. `undefined`: the code is wrong, or was used. */
export const totpStepOf = (
  derived: string,
  code: string,
  { atMs, lastStep }: { readonly atMs: number; readonly lastStep: number | null },
): number | undefined => {
  const key = keyOf(derived);
  const given = code.replaceAll(" ", "");
  const now = totpStep(atMs);
  return stepsAround
    .map((around) => now + around)
    .find(
      (step) =>
        (lastStep === null || step > lastStep) && Bun.SHA256.hash(totpCode(key, step), "hex") === Bun.SHA256.hash(given, "hex"),
    );
};
