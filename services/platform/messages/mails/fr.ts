/** Mails in French. */
import type { MailTexts } from "../mails.ts";

export const fr: MailTexts = {
  signUpCode: {
    subject: "Votre code pour {community}",
    text: "Votre code est {code}. Il vaut {minutes} minutes.\n\nSi vous ne vous êtes pas inscrit, ignorez ce message : sans le code, rien ne se passe.",
  },
  accountExists: {
    subject: "Vous avez un compte chez {community}",
    text: "Quelqu’un a voulu s’inscrire avec cette adresse. Vous avez déjà un compte : connectez-vous ou réinitialisez votre mot de passe.\n\nSi ce n’était pas vous, rien ne s’est passé et il n’y a rien à faire.",
  },
  invitation: {
    subject: "Invitation à {to}",
    text: "Vous êtes invité à {to}. L’invitation vaut {days} jours et ne sert qu’une fois.\n\nLocataire : {tenant}\nJeton : {token}",
  },
  passwordReset: {
    subject: "Réinitialiser votre mot de passe",
    text: "Quelqu’un a demandé à réinitialiser le mot de passe de votre compte. Ce jeton le permet pendant {minutes} minutes :\n\n{token}\n\nSi ce n’était pas vous, ignorez ce message : votre mot de passe reste le même.",
  },
  passwordChanged: {
    subject: "Votre mot de passe a changé",
    text: "Le mot de passe de votre compte a changé et toutes vos sessions ont pris fin.\n\nSi ce n’était pas vous, réinitialisez votre mot de passe sans attendre et prévenez l’exploitant du service.",
  },
  emailChangeCode: {
    subject: "Votre code pour la nouvelle adresse",
    text: "Votre code est {code}. Il vaut {minutes} minutes et donne cette adresse à votre compte.\n\nSi vous n’avez rien demandé, ignorez ce message.",
  },
  emailChanged: {
    subject: "Votre adresse a changé",
    text: "Votre compte a une nouvelle adresse : {email}.\n\nSi ce n’était pas vous, prévenez sans attendre l’exploitant du service.",
  },
  secondFactorChanged: {
    subject: "Votre second facteur a changé",
    text: "L’application de codes, les clés d’accès ou les codes de secours de votre compte ont changé.\n\nSi ce n’était pas vous, réinitialisez votre mot de passe sans attendre et prévenez l’exploitant du service.",
  },
  keyMade: {
    subject: "Nouvelle clé de {app}",
    text: "Une clé pour des données réelles a été créée : {key}, de l’application {app}.\n\nSi ce n’était ni vous ni quelqu’un de votre équipe, révoquez-la.",
  },
  notification: {
    subject: "Notification",
    text: "{text}",
  },
  supportAccess: {
    subject: "Accès pour l’assistance",
    text: "{operator} a accès à votre locataire jusqu’au {until}.\n\nMotif : {reason}\n\nTout est enregistré. Vous pouvez mettre fin à l’accès à tout moment.",
  },
};
