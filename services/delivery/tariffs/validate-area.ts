/** Checks of places: postal prefixes and settlements of a zone or of a surcharge. */
import { nameKey, postalKey } from "./address-index.ts";
import { placesMax, prefixesMax, prefixLengthMax } from "./limits.ts";
import type { Fields, Shape } from "./shape.ts";

/** Prefixes, places and regions; `taken` is shared between the areas of which an address may be in one only. */
export const checkArea = (shape: Shape, path: string, area: Fields, taken: Set<string>): void => {
  for (const [at, prefix] of shape.list(`${path}.prefixes`, area["prefixes"], { max: prefixesMax }).entries()) {
    const where = `${path}.prefixes[${at}]`;
    if (shape.text(where, prefix, { max: prefixLengthMax })) shape.unique(where, `prefix ${postalKey(prefix)}`, taken);
  }
  for (const [where, place] of shape.entries(`${path}.settlements`, area["settlements"], { max: placesMax })) {
    const { name, region, district } = place;
    for (const [field, value] of Object.entries({ region, district }))
      if (value !== undefined) shape.text(`${where}.${field}`, value);
    if (!shape.text(`${where}.name`, name)) continue;
    const parts = [name, region, district].map((part) => (typeof part === "string" ? nameKey(part) : ""));
    shape.unique(where, `place ${JSON.stringify(parts)}`, taken);
  }
};
