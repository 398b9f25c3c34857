/** Twelve cartons and three envelopes, from the smallest to the greatest. */
import type { Container } from "../tariffs/index.ts";

/** Inner sides in mm, own weight in g, goods in kg, price in minor units. */
type Row = readonly [
  id: string,
  name: string,
  sides: readonly [number, number, number],
  weight: number,
  kilograms: number,
  price: number,
];

const rowsOfCartons: readonly Row[] = [
  ["carton-01", "Carton 1", [160, 120, 80], 70, 2, 35],
  ["carton-02", "Carton 2", [200, 150, 100], 95, 3, 45],
  ["carton-03", "Carton 3", [250, 180, 100], 120, 5, 60],
  ["carton-04", "Carton 4", [250, 200, 150], 150, 5, 70],
  ["carton-05", "Carton 5", [300, 200, 200], 190, 8, 85],
  ["carton-06", "Carton 6", [300, 300, 200], 240, 10, 105],
  ["carton-07", "Carton 7", [400, 300, 200], 310, 15, 130],
  ["carton-08", "Carton 8", [400, 300, 300], 380, 15, 155],
  ["carton-09", "Carton 9", [500, 300, 300], 460, 20, 185],
  ["carton-10", "Carton 10", [500, 400, 400], 610, 20, 230],
  ["carton-11", "Carton 11", [600, 400, 400], 720, 30, 270],
  ["carton-12", "Carton 12", [800, 600, 500], 1250, 30, 420],
];

const rowsOfEnvelopes: readonly Row[] = [
  ["envelope-s", "Envelope S", [220, 150, 20], 15, 1, 15],
  ["envelope-m", "Envelope M", [320, 230, 25], 25, 1, 20],
  ["envelope-l", "Envelope L", [420, 310, 30], 40, 2, 30],
];

const containerOf =
  (kind: Container["kind"], wall: number) =>
  ([id, name, [length, width, height], weight, kilograms, price]: Row): Container => ({
    id,
    kind,
    name,
    length: length * 10,
    width: width * 10,
    height: height * 10,
    wall,
    weight,
    maxWeight: kilograms * 1000,
    price,
  });

export const cartons: readonly Container[] = rowsOfCartons.map(containerOf("carton", 30));
export const envelopes: readonly Container[] = rowsOfEnvelopes.map(containerOf("envelope", 5));
