/** Messages of the delivery service by language (BCP 47). */
import type { Messages } from "pons";
import { en } from "./en.ts";

export const messages: Messages = { en };
