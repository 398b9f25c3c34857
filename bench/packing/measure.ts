/** The measurements: every answer is checked by the engine's independent validator, and one violation ends the run without a result. */
import { pack, type Packing, type PackRequest, packingLimits, validate } from "../../services/delivery/packing/index.ts";
import { quantile } from "../harness/statistics.ts";
import { type ClassName, classes, type Instance, instancesOf } from "./instances.ts";
import { type Draw, draws, ordersOf } from "./orders.ts";

/**
 * Milliseconds of processor time of this process: what others do on the machine does not count. The collector's and the compiler's threads do,
 * so the engine gets rather less than it is said to.
 */
function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function checked(request: PackRequest, packing: Packing): Packing {
  const violations = validate(request, packing);
  if (violations.length > 0) throw new Error(`a wrong packing: ${JSON.stringify(violations.slice(0, 3))}`);
  return packing;
}

export interface ContainerFigures {
  readonly className: ClassName;
  /** Mean share filled, by the seconds of the plan. */
  readonly fills: readonly number[];
  /** The same of the peer, and its seconds. */
  readonly peer: { readonly fill: number; readonly seconds: number } | undefined;
}

export interface ContainerOptions {
  readonly instances: number;
  readonly seconds: readonly number[];
  readonly support: number;
  readonly peer: ((instance: Instance) => number) | undefined;
}

export async function measureContainers({ instances, seconds, support, peer }: ContainerOptions): Promise<ContainerFigures[]> {
  const figures: ContainerFigures[] = [];
  for (const className of classes) {
    const all = await instancesOf(className);
    const chosen = all.filter((_, at) => at % Math.ceil(all.length / instances) === 0);
    const fills = seconds.map((each) => {
      const sum = chosen.reduce((total, { items, mode }) => {
        const request = { items, mode, support, effort: packingLimits.effort };
        return total + checked(request, pack(request, { clock: processorMs, deadline: processorMs() + each * 1000 })).fill;
      }, 0);
      return sum / chosen.length;
    });
    const started = processorMs();
    const sum = peer === undefined ? 0 : chosen.reduce((total, instance) => total + peer(instance), 0);
    const spent = (processorMs() - started) / 1000 / chosen.length;
    figures.push({ className, fills, peer: peer === undefined ? undefined : { fill: sum / chosen.length, seconds: spent } });
  }
  return figures;
}

export interface OrderFigures {
  readonly draw: Draw;
  readonly pieces: string;
  readonly count: number;
  readonly fill: number;
  readonly medianMs: number;
  readonly p95Ms: number;
}

const sizes = [
  { from: 1, to: 50 },
  { from: 1, to: 1 },
  { from: 2, to: 6 },
  { from: 7, to: 20 },
  { from: 21, to: 50 },
] as const;

export function measureOrders(count: number): OrderFigures[] {
  return draws.flatMap((draw) => {
    const orders = ordersOf(draw, count);
    // The compiler is warm after a few.
    for (const items of orders.slice(0, 30)) pack({ items, mode: { kind: "box" } });
    const rows = orders.map((items) => {
      const request: PackRequest = { items, mode: { kind: "box" } };
      const started = processorMs();
      const packing = pack(request);
      const ms = processorMs() - started;
      return { pieces: items.reduce((sum, { quantity }) => sum + quantity, 0), ms, fill: checked(request, packing).fill };
    });
    return sizes.map(({ from, to }): OrderFigures => {
      const some = rows.filter(({ pieces }) => pieces >= from && pieces <= to);
      const times = some.map(({ ms }) => ms).toSorted((a, b) => a - b);
      const fill = some.reduce((sum, row) => sum + row.fill, 0) / some.length;
      const pieces = from === to ? `${from}` : `${from}–${to}`;
      return { draw, pieces, count: some.length, fill, medianMs: quantile(times, 0.5), p95Ms: quantile(times, 0.95) };
    });
  });
}
