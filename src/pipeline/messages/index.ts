/** The platform's messages by language. */
import type { Messages } from "../../define/service.ts";
import { bg } from "./bg.ts";
import { de } from "./de.ts";
import { en } from "./en.ts";
import { es } from "./es.ts";
import { fr } from "./fr.ts";
import { hu } from "./hu.ts";
import { ru } from "./ru.ts";

export const platformMessages = { en, de, fr, es, bg, ru, hu } as const satisfies Messages;

export type PlatformLanguage = keyof typeof platformMessages;

/** Languages every shipped message exists in; the first is the one others fall back to. */
export const platformLanguages = Object.keys(platformMessages) as readonly PlatformLanguage[];

export type { MessageKey } from "./en.ts";
