/** Packs a request: checks it, then searches as its mode asks. */
import { Effort } from "./budget.ts";
import { packCartons } from "./cartons.ts";
import { packContainer } from "./container.ts";
import { packBox } from "./pack-box.ts";
import { type PackOptions, type Packing, PackingRefused, packingLimits, type PackRequest } from "./packing.ts";

/**
 * How many arrangements are tried where the request does not say: about a second for a container, a few milliseconds for a box. Few pieces
 * are packed well at once, and an arrangement of many takes long.
 */
function usualEffort({ items, mode }: PackRequest): number {
  if (mode.kind !== "box") return 3000;
  const pieces = items.reduce((sum, { quantity }) => sum + quantity, 0);
  return pieces <= 6 ? 20 : pieces <= 20 ? 100 : 60;
}

/**
 * The packing of a request. Runs to the end of its effort on the calling thread, so beyond a few pieces it belongs on another one
 * (`packOffLoop`). Throws PackingRefused.
 */
export function pack(request: PackRequest, options: PackOptions = {}): Packing {
  const { mode } = request;
  const tries = request.effort ?? usualEffort(request);
  if (!Number.isSafeInteger(tries) || tries < 1 || tries > packingLimits.effort) {
    throw new PackingRefused("invalid_request", `effort is not a whole number from 1 to ${packingLimits.effort}.`);
  }
  const effort = new Effort(tries, options);
  if (mode.kind === "container") return packContainer(request, mode, effort);
  if (mode.kind === "box") return packBox(request, mode, effort);
  if (mode.kind === "cartons") return packCartons(request, mode, effort);
  throw new PackingRefused("invalid_request", "mode is a box, cartons or a container.");
}
