/** Inputs that several operations have. */
import { passwordLengths, t } from "pons";

const { max } = passwordLengths;

/** A new password; what it must be is checked by itself, so that it is told in one way. */
export const newPassword = t.string({
  minLength: 1,
  maxLength: max,
  doc: "At least 15 characters, or 8 with a second factor; any characters.",
  example: "correct horse battery staple",
});

/** A password as it is. */
export const password = t.string({ minLength: 1, maxLength: max, doc: "The password." });

/** Ways to show a second factor; one of them is given. */
export const factorInput = {
  totp: t.string({
    optional: true,
    pattern: "[0-9]{3} ?[0-9]{3}",
    doc: "Six digits of the authenticator app.",
    example: "123456",
  }),
  recoveryCode: t.string({ optional: true, maxLength: 32, doc: "One of the codes that were given for when the device is lost." }),
  passkey: t.json({ optional: true, doc: "What `navigator.credentials.get` answered, as JSON; see `startPasskey`." }),
};
