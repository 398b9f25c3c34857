/** Documents beside the API: described at start, made when first asked for. */
import type { DocumentHandler } from "../channels/rest/index.ts";
import type { Contract } from "../contract/index.ts";

/** Path → handler, for every version of every service. */
export const documentsOf = (_contracts: readonly Contract[]): readonly (readonly [string, DocumentHandler])[] => [];
