/** Mails in Hungarian. */
import type { MailTexts } from "../mails.ts";

export const hu: MailTexts = {
  signUpCode: {
    subject: "Az Ön kódja: {community}",
    text: "Az Ön kódja {code}. {minutes} percig érvényes.\n\nHa nem Ön regisztrált, hagyja figyelmen kívül ezt az üzenetet: a kód nélkül semmi sem történik.",
  },
  accountExists: {
    subject: "Már van fiókja: {community}",
    text: "Valaki ezzel a címmel próbált regisztrálni. Önnek már van fiókja: jelentkezzen be, vagy kérjen új jelszót.\n\nHa nem Ön volt, nem történt semmi, és nincs teendője.",
  },
  invitation: {
    subject: "Meghívó: {to}",
    text: "Meghívták ide: {to}. A meghívó {days} napig érvényes, és egyszer használható.\n\nBérlő: {tenant}\nToken: {token}",
  },
  passwordReset: {
    subject: "Új jelszó megadása",
    text: "Valaki új jelszót kért a fiókjához. Ezzel a tokennel {minutes} percen belül megadható:\n\n{token}\n\nHa nem Ön volt, hagyja figyelmen kívül ezt az üzenetet: a jelszava változatlan marad.",
  },
  passwordChanged: {
    subject: "Megváltozott a jelszava",
    text: "Fiókjának jelszava megváltozott, és mindenhol kijelentkeztettük.\n\nHa nem Ön volt, azonnal kérjen új jelszót, és szóljon a szolgáltatás üzemeltetőjének.",
  },
  emailChangeCode: {
    subject: "Kód az új címhez",
    text: "Az Ön kódja {code}. {minutes} percig érvényes, és ezt a címet adja a fiókjának.\n\nHa nem Ön kérte, hagyja figyelmen kívül ezt az üzenetet.",
  },
  emailChanged: {
    subject: "Megváltozott a címe",
    text: "Fiókjának új címe van: {email}.\n\nHa nem Ön volt, azonnal szóljon a szolgáltatás üzemeltetőjének.",
  },
  secondFactorChanged: {
    subject: "Megváltozott a második tényezője",
    text: "Fiókjának hitelesítő alkalmazása, hozzáférési kulcsai vagy helyreállító kódjai megváltoztak.\n\nHa nem Ön volt, azonnal kérjen új jelszót, és szóljon a szolgáltatás üzemeltetőjének.",
  },
  keyMade: {
    subject: "Új kulcs: {app}",
    text: "Valódi adatokhoz való kulcs készült: {key}, alkalmazás: {app}.\n\nHa sem Ön, sem a csapatából senki nem készítette, vonja vissza.",
  },
  notification: {
    subject: "Értesítés",
    text: "{text}",
  },
  supportAccess: {
    subject: "Hozzáférés támogatáshoz",
    text: "{operator} hozzáfér a bérlőjéhez eddig: {until}.\n\nOk: {reason}\n\nMindent rögzítünk. A hozzáférést bármikor megszüntetheti.",
  },
};
