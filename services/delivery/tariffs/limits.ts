/**
 * Bounds of what a version and a request may hold. With them every sum stays below 2^53: 200 parcels at 10^9, doubled at most by each of 10
 * surcharges, are less than 3 × 10^14; 20,000 pieces of labour at 10^9 are 2 × 10^13; a tax of 100 % doubles all of it.
 */

/** Greatest price of one thing, in minor units. */
export const priceMax = 1_000_000_000;
/** Greatest declared value and cash on delivery, in minor units. */
export const valueMax = 10_000_000_000_000;
/** Ten metres, in 0.1 mm: of what a version says. */
export const sideMax = 100_000;
/** Twenty tonnes, in grams: of what a version says. */
export const weightMax = 20_000_000;
/** Twenty metres: with walls of 100 mm the volume of a parcel stays below 2^53. A parcel may be greater than any limit, to be excluded. */
export const parcelSideMax = 200_000;
/** A million tonnes: the sum of all parcels stays below 2^53. */
export const parcelWeightMax = 1_000_000_000_000;
/** A share is at most the whole. */
export const basisPointsMax = 10_000;
export const parcelsMax = 200;
export const itemsMax = 20_000;
export const zonesMax = 100;
export const prefixesMax = 20_000;
export const placesMax = 5_000;
export const servicesMax = 50;
export const containersMax = 200;
export const surchargesMax = 10;
export const windowsMax = 48;
export const holidaysMax = 400;
export const daysMax = 365;
export const gridMax = 50_000;
export const prefixLengthMax = 16;
export const textMax = 200;
/** How far ahead a day of delivery is looked for: the greatest lead and transit with every seventh day a working day, and the holidays. */
export const searchDaysMax = 6_000;
/** After so many problems the rest is not listed. */
export const problemsMax = 100;
/** Characters of a price grid as CSV. */
export const csvMax = 4_000_000;
