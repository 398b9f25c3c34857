import { expect, test } from "bun:test";
import { classes, instancesOf } from "./instances.ts";

test("the seven classes are read whole", async () => {
  const kinds = [3, 5, 8, 10, 12, 15, 20];
  for (const [at, name] of classes.entries()) {
    const instances = await instancesOf(name);
    expect(instances).toHaveLength(100);
    for (const { items, mode } of instances) {
      expect(items).toHaveLength(kinds[at] ?? 0);
      expect(mode).toEqual({ kind: "container", length: 587, width: 233, height: 220 });
      // The goods were drawn to fill the container just about.
      const volume = items.reduce((sum, { length, width, height, quantity }) => sum + length * width * height * quantity, 0);
      expect(volume / (587 * 233 * 220)).toBeWithin(0.9, 1.001);
      expect(items.every(({ upright = [] }) => upright.includes("height"))).toBe(true);
    }
  }
});
