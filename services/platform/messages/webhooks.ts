/** Messages about webhooks. */
import { bg } from "./webhooks/bg.ts";
import { de } from "./webhooks/de.ts";
import { es } from "./webhooks/es.ts";
import { fr } from "./webhooks/fr.ts";
import { hu } from "./webhooks/hu.ts";
import { ru } from "./webhooks/ru.ts";

export const webhooks = { bg, de, es, fr, hu, ru };
