/** Goods for the tests of packing, drawn with a seed. */
import { Random } from "./random.ts";
import type { PackItem } from "./packing.ts";

/** So many different items of one piece, or of 1 to `most` pieces. */
export function goods(seed: number, lines: number, most = 1): PackItem[] {
  const random = new Random(seed);
  for (let warm = 0; warm < 8; warm++) random.below(2);
  return Array.from({ length: lines }, (_, line) => ({
    id: `item ${line}`,
    length: 200 + random.below(600),
    width: 150 + random.below(400),
    height: 100 + random.below(300),
    weight: 50 + random.below(2000),
    quantity: 1 + random.below(most),
  }));
}

/** A full box of 1000 × 800 × 600, cut into so many pieces by saw cuts. */
export function cutBox(seed: number, pieces: number): PackItem[] {
  const random = new Random(seed);
  for (let warm = 0; warm < 8; warm++) random.below(2);
  const parts = [{ length: 1000, width: 800, height: 600 }];
  while (parts.length < pieces) {
    parts.sort((a, b) => b.length * b.width * b.height - a.length * a.width * a.height);
    const [part] = parts.splice(0, 1);
    if (part === undefined) break;
    const side =
      part.length >= part.width && part.length >= part.height ? "length" : part.width >= part.height ? "width" : "height";
    const cut = Math.floor(part[side] * (0.3 + random.below(40) / 100));
    parts.push({ ...part, [side]: cut }, { ...part, [side]: part[side] - cut });
  }
  return parts.map((part, index) => ({ id: `part ${index}`, ...part, weight: 100, quantity: 1 }));
}
