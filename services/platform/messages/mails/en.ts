/** Mails in English. */
import type { MailTexts } from "../mails.ts";

export const en: MailTexts = {
  signUpCode: {
    subject: "Your code for {community}",
    text: "Your code is {code}. It is valid for {minutes} minutes.\n\nIf you have not signed up, ignore this message: without the code nothing happens.",
  },
  accountExists: {
    subject: "You have an account at {community}",
    text: "Somebody has tried to sign up with this address. You have an account already: log in, or have your password reset.\n\nIf it was not you, nothing has happened and there is nothing to do.",
  },
  invitation: {
    subject: "Invitation to {to}",
    text: "You are invited to {to}. The invitation is valid for {days} days and can be used once.\n\nTenant: {tenant}\nToken: {token}",
  },
  passwordReset: {
    subject: "Reset your password",
    text: "Somebody has asked to reset the password of your account. This token does it within {minutes} minutes:\n\n{token}\n\nIf it was not you, ignore this message: your password stays as it is.",
  },
  passwordChanged: {
    subject: "Your password has changed",
    text: "The password of your account has changed, and you were logged out everywhere.\n\nIf it was not you, reset your password at once and tell whoever runs this service.",
  },
  emailChangeCode: {
    subject: "Your code for the new address",
    text: "Your code is {code}. It is valid for {minutes} minutes and gives your account this address.\n\nIf you have not asked for it, ignore this message.",
  },
  emailChanged: {
    subject: "Your address has changed",
    text: "Your account has a new address: {email}.\n\nIf it was not you, tell whoever runs this service at once.",
  },
  secondFactorChanged: {
    subject: "Your second factor has changed",
    text: "Authenticator app, passkeys or recovery codes of your account have changed.\n\nIf it was not you, reset your password at once and tell whoever runs this service.",
  },
  keyMade: {
    subject: "A new key of {app}",
    text: "A key for real data was made: {key}, of the app {app}.\n\nIf it was neither you nor somebody of your team, revoke it.",
  },
  notification: {
    subject: "Notification",
    text: "{text}",
  },
  supportAccess: {
    subject: "Access for support",
    text: "{operator} has access to your tenant until {until}.\n\nReason: {reason}\n\nEverything that is done is recorded. You can end the access at any time.",
  },
};
