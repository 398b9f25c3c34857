/** Messages about tenants, people, apps and keys. */
import { bg } from "./identity/bg.ts";
import { de } from "./identity/de.ts";
import { es } from "./identity/es.ts";
import { fr } from "./identity/fr.ts";
import { hu } from "./identity/hu.ts";
import { ru } from "./identity/ru.ts";
import type { Area } from "./index.ts";

export const identity: Area = { bg, de, es, fr, hu, ru };
