/** Messages about environments, products, plans, subscriptions, grants, issuers and policies. */
import { bg } from "./commerce/bg.ts";
import { de } from "./commerce/de.ts";
import { es } from "./commerce/es.ts";
import { fr } from "./commerce/fr.ts";
import { hu } from "./commerce/hu.ts";
import { ru } from "./commerce/ru.ts";

export const commerce = { bg, de, es, fr, hu, ru };
