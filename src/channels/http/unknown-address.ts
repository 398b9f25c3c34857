/**
 * The refusal of an address that does not exist, whoever asks. What it says is in the address alone: of a row that is not there, or that the caller may not
 * see, it is never given.
 */
import { type Refusal, refuse } from "../../pipeline/refusal.ts";

export const unknownAddress: Refusal = Object.freeze(refuse("not_found", { details: { reason: "unknown_address" } }));
