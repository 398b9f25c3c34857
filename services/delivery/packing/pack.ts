/** Packs a request: checks it, then searches as its mode asks. */
import { Effort, type EffortOf } from "./budget.ts";
import { packCartons } from "./cartons.ts";
import { packContainer } from "./container.ts";
import { packBox } from "./pack-box.ts";
import { type PackOptions, type Packing, PackingRefused, packingLimits, type PackRequest } from "./packing.ts";

/**
 * The packing of a request. Runs to the end of its effort on the calling thread, so beyond a few pieces it belongs on another one
 * (`packOffLoop`). Throws PackingRefused.
 */
export function pack(request: PackRequest, options: PackOptions = {}): Packing {
  const { mode } = request;
  const { effort } = request;
  if (effort !== undefined && (!Number.isSafeInteger(effort) || effort < 1 || effort > packingLimits.effort)) {
    throw new PackingRefused("invalid_request", `effort is not a whole number from 1 to ${packingLimits.effort}.`);
  }
  const effortOf: EffortOf = (usual) => new Effort(effort ?? usual, options);
  if (mode.kind === "container") return packContainer(request, mode, effortOf);
  if (mode.kind === "box") return packBox(request, mode, effortOf);
  if (mode.kind === "cartons") return packCartons(request, mode, effortOf);
  throw new PackingRefused("invalid_request", "mode is a box, cartons or a container.");
}
