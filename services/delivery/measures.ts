/** Sizes and weights as fields: whole tenths of a millimetre, whole grams. */
import { t } from "pons";

/** Ten metres. */
export const sideMax = 100_000;
/** Ten tonnes. */
export const weightMax = 10_000_000;
/** Greatest price and declared value, so that sums stay exact: ten thousand million of major units. */
export const moneyMax = 10n ** 12n;

const sideOptions = (doc: string, example: number) => ({ min: 1, max: sideMax, doc: `${doc}, 0.1 mm.`, example }) as const;
const side = (doc: string, example: number) => t.integer(sideOptions(doc, example));
const askedSide = (doc: string, example: number) => t.integer({ ...sideOptions(doc, example), optional: true });

/** Sides and weight of one piece. */
export const sizeFields = {
  length: side("Length", 1300),
  width: side("Width", 1000),
  height: side("Height", 500),
  weight: t.integer({ min: 0, max: weightMax, doc: "Grams.", example: 575 }),
};

/** The same where they may be left out, for the catalogue to say. */
export const askedSizeFields = {
  length: askedSide("Length", 1300),
  width: askedSide("Width", 1000),
  height: askedSide("Height", 500),
  weight: t.integer({ optional: true, min: 0, max: weightMax, doc: "Grams.", example: 575 }),
};

export const quantity = t.integer({ min: 1, max: 1_000, doc: "How many of it.", example: 2 });

/** Kinds of goods in one call, and pieces of them all together. */
export const goodsMax = 200;

/** An amount in minor units of the tariff's currency. */
export const amount = (doc: string, example: number) =>
  t.money({ min: 0n, max: moneyMax, doc: `${doc}, in minor units.`, example });
