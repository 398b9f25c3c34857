/**
 * The container loading instances BR1 to BR7: 100 a class, 3, 5, 8, 10, 12, 15 and 20 kinds of boxes for one container of 587 × 233 × 220.
 *
 * E. E. Bischoff and M. S. W. Ratcliff, Issues in the development of approaches to container loading, Omega 23 (1995).
 */
import { join } from "node:path";
import type { PackItem, PackMode, Side } from "../../services/delivery/packing/index.ts";

export const classes = ["br1", "br2", "br3", "br4", "br5", "br6", "br7"] as const;
export type ClassName = (typeof classes)[number];

export interface Instance {
  readonly name: string;
  readonly mode: PackMode & { readonly kind: "container" };
  readonly items: readonly PackItem[];
}

/** The instances of a class, in the order of its file. Throws when the file is not as its head says. */
export async function instancesOf(name: ClassName): Promise<Instance[]> {
  const text = await Bun.file(join(import.meta.dir, "data", `${name}.txt`)).text();
  const numbers = text.trim().split(/\s+/).map(Number);
  let at = 0;
  const next = (): number => {
    const value = numbers[at++];
    if (value === undefined || !Number.isSafeInteger(value) || value < 0) throw new Error(`${name}.txt: number ${at} is none`);
    return value;
  };
  const instances = Array.from({ length: next() }, (): Instance => {
    const number = next();
    // The seed that the instance was drawn with.
    next();
    const mode = { kind: "container", length: next(), width: next(), height: next() } as const;
    const items = Array.from({ length: next() }, (): PackItem => {
      const id = String(next());
      const upright: Side[] = [];
      const side = (of: Side): number => {
        const value = next();
        if (next() === 1) upright.push(of);
        return value;
      };
      const sides = { length: side("length"), width: side("width"), height: side("height") };
      return { id, ...sides, weight: 0, quantity: next(), upright };
    });
    return { name: `${name} ${number}`, mode, items };
  });
  if (at !== numbers.length) throw new Error(`${name}.txt: ${numbers.length - at} numbers are left`);
  return instances;
}
