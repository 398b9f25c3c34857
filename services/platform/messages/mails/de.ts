/** Mails in German. */
import type { MailTexts } from "../mails.ts";

export const de: MailTexts = {
  signUpCode: {
    subject: "Ihr Code für {community}",
    text: "Ihr Code ist {code}. Er gilt {minutes} Minuten.\n\nFalls Sie sich nicht registriert haben, ist nichts zu tun: Ohne den Code geschieht nichts.",
  },
  accountExists: {
    subject: "Sie haben ein Konto bei {community}",
    text: "Jemand wollte sich mit dieser Adresse registrieren. Sie haben schon ein Konto: Melden Sie sich an, oder setzen Sie Ihr Passwort zurück.\n\nFalls Sie es nicht waren, ist nichts geschehen und nichts zu tun.",
  },
  invitation: {
    subject: "Einladung zu {to}",
    text: "Sie sind zu {to} eingeladen. Die Einladung gilt {days} Tage und für einmal.\n\nMandant: {tenant}\nToken: {token}",
  },
  passwordReset: {
    subject: "Passwort zurücksetzen",
    text: "Jemand möchte das Passwort Ihres Kontos zurücksetzen. Mit diesem Token geht das innerhalb von {minutes} Minuten:\n\n{token}\n\nFalls Sie es nicht waren, ist nichts zu tun: Ihr Passwort bleibt, wie es ist.",
  },
  passwordChanged: {
    subject: "Ihr Passwort wurde geändert",
    text: "Das Passwort Ihres Kontos wurde geändert, und Sie wurden überall abgemeldet.\n\nFalls Sie es nicht waren, setzen Sie Ihr Passwort sofort zurück, und melden Sie es dem Betreiber.",
  },
  emailChangeCode: {
    subject: "Ihr Code für die neue Adresse",
    text: "Ihr Code ist {code}. Er gilt {minutes} Minuten und gibt Ihrem Konto diese Adresse.\n\nFalls Sie das nicht wollten, ist nichts zu tun.",
  },
  emailChanged: {
    subject: "Ihre Adresse wurde geändert",
    text: "Ihr Konto hat eine neue Adresse: {email}.\n\nFalls Sie es nicht waren, melden Sie es sofort dem Betreiber.",
  },
  secondFactorChanged: {
    subject: "Ihr zweiter Faktor wurde geändert",
    text: "Authenticator-App, Passkeys oder Wiederherstellungscodes Ihres Kontos wurden geändert.\n\nFalls Sie es nicht waren, setzen Sie Ihr Passwort sofort zurück, und melden Sie es dem Betreiber.",
  },
  keyMade: {
    subject: "Neuer Schlüssel von {app}",
    text: "Ein Schlüssel für echte Daten wurde angelegt: {key}, der App {app}.\n\nFalls es weder Sie noch jemand aus Ihrem Team war, widerrufen Sie ihn.",
  },
  notification: {
    subject: "Benachrichtigung",
    text: "{text}",
  },
  supportAccess: {
    subject: "Zugang für den Support",
    text: "{operator} hat bis {until} Zugang zu Ihrem Mandanten.\n\nGrund: {reason}\n\nAlles wird aufgezeichnet. Sie können den Zugang jederzeit beenden.",
  },
};
