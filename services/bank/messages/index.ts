/** Messages of the bank by language (BCP 47). */
import type { Messages } from "pons";
import { bg } from "./bg.ts";
import { de } from "./de.ts";
import { es } from "./es.ts";
import { fr } from "./fr.ts";
import { hu } from "./hu.ts";
import { ru } from "./ru.ts";

export const messages: Messages = { bg, de, es, fr, hu, ru };
