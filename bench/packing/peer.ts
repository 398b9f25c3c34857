/** binpackingjs: the packing library of npm that is used most; places pieces one by one at pivots. Has no rule of support and no box to measure. */
import { join } from "node:path";
import { installPeer } from "../harness/npm-peer.ts";
import type { Instance } from "./instances.ts";

/** The part of its interface that is used: 0 to 5 are the orders of width, height and depth. */
interface Library {
  pack3D(options: {
    bins: readonly { name: string; width: number; height: number; depth: number; maxWeight: number }[];
    items: readonly {
      name: string;
      width: number;
      height: number;
      depth: number;
      weight: number;
      allowedRotations: readonly number[];
    }[];
  }): {
    readonly packedBins: readonly { readonly items: readonly { readonly dimension: readonly [number, number, number] }[] }[];
  };
}

/** Which side stands upright in its orders 0 to 5: width, height, depth along the container's width, height and depth. */
const uprightOf = ["height", "length", "width", "width", "length", "height"] as const;

/** Returns how it fills a container: the volume it placed by the container's. */
export async function peerFill(): Promise<(instance: Instance) => number> {
  const folder = join(import.meta.dir, "..", "peers", "binpackingjs");
  await installPeer(folder);
  const { pack3D } = (await import(join(folder, "node_modules", "binpackingjs", "dist", "esm", "3d", "index.js"))) as Library;
  return ({ mode, items }) => {
    const { packedBins } = pack3D({
      bins: [{ name: "container", width: mode.length, height: mode.height, depth: mode.width, maxWeight: 1e9 }],
      items: items.flatMap(({ id, length, width, height, quantity, upright = [] }) => {
        const allowedRotations = [0, 1, 2, 3, 4, 5].filter((order) => upright.some((side) => side === uprightOf[order]));
        const piece = { width: length, height, depth: width, weight: 0, allowedRotations };
        return Array.from({ length: quantity }, (_, index) => ({ name: `${id} ${index}`, ...piece }));
      }),
    });
    const placed = packedBins.flatMap((bin) => bin.items).reduce((sum, { dimension: [a, b, c] }) => sum + a * b * c, 0);
    return placed / (mode.length * mode.width * mode.height);
  };
}
