/**
 * What a carrier's change does to an order. Each change is taken down once, by its number, whatever it does. What is older than what is known changes
 * nothing (`late`); what a word left out is noted too, such as that a parcel that waits at a point was on its way; what cannot be is told (`puzzling`).
 */
import { and, type CommandContext, eq } from "pons";
import { lastMoment, nextMoment } from "../moments.ts";
import { noteStatus, tell } from "../orders/note-status.ts";
import { type Order, orders } from "../orders/order-fields.ts";
import { mayBecome, type OrderState, travelEvents, type TravelState, travelStates } from "../orders/states.ts";
import { bindNumber } from "../tracking/bind.ts";
import { trackingIdOf, trackingNumbers } from "../tracking/tracking-fields.ts";
import {
  carrierChanges,
  type CarrierChange,
  changeIdOf,
  type Consignment,
  consignments,
  type Outcome,
} from "./carrier-fields.ts";
import type { Connector } from "./connector.ts";
import type { Change } from "./engine.ts";

/** Changes that may wait for one consignment. */
const waitingMax = 200;
const puzzles: ReadonlySet<Outcome> = new Set(["unknown_status", "impossible", "number_taken"]);

/** The states that lead from one to another, the last one included; undefined where none do, empty where it is there. */
export const stepsTo = (from: OrderState, to: TravelState): readonly TravelState[] | undefined => {
  if (from === to) return [];
  const seen = new Set<OrderState>([from]);
  let ways: readonly (readonly TravelState[])[] = [[]];
  while (ways.length > 0) {
    const next: TravelState[][] = [];
    for (const way of ways) {
      for (const state of travelStates) {
        if (seen.has(state) || !mayBecome(way.at(-1) ?? from, state)) continue;
        if (state === to) return [...way, state];
        seen.add(state);
        next.push([...way, state]);
      }
    }
    ways = next;
  }
  return undefined;
};

/** Makes `nextMoment` possible in a job, which has no `load` of its own. */
export const loadMoment = async (ctx: CommandContext): Promise<void> => {
  const { resource, id } = lastMoment();
  if (id !== null) await ctx.table(resource).get(id);
};

const orderOf = async (ctx: CommandContext, consignment: Consignment): Promise<Order> => {
  const order = await ctx.table(orders).get(consignment.order);
  if (order === undefined) throw new Error(`consignment ${consignment.id} has no order`);
  return order;
};

/** Binds the number of a consignment. */
export const numberOf = async (
  ctx: CommandContext,
  order: Order,
  number: string,
): Promise<"applied" | "unchanged" | "number_taken" | "impossible"> => {
  if (order.trackingNumber === number) return "unchanged";
  const known = await ctx.table(trackingNumbers).get(trackingIdOf(number));
  const bound = await bindNumber(ctx, order, { number, known });
  if (!("refused" in bound)) return "applied";
  return bound.type === "number_taken" ? "number_taken" : "impossible";
};

const advance = (ctx: CommandContext, order: Order, to: TravelState, { happenedAt, place }: Change): Outcome => {
  const steps = stepsTo(order.state, to);
  if (steps === undefined) return "impossible";
  for (const state of steps) {
    noteStatus(ctx, order, state, { at: nextMoment(ctx), happenedAt, comment: state === to ? place : null });
    tell(ctx, travelEvents[state], order);
    ctx.table(orders).update(order.id, { state });
  }
  return steps.length === 0 ? "unchanged" : "applied";
};

/** Does what a change says to its consignment. */
const applied = async (ctx: CommandContext, consignment: Consignment, change: Change, connector: Connector): Promise<Outcome> => {
  const table = ctx.table(consignments);
  const { no, number, status } = change;
  const found: Outcome[] = [];
  if (number !== null) {
    if (no <= consignment.numberNo) found.push("late");
    else {
      const outcome = await numberOf(ctx, await orderOf(ctx, consignment), number);
      found.push(outcome);
      table.update(consignment.id, outcome === "number_taken" ? { numberNo: no } : { number, numberNo: no });
    }
  }
  if (status !== null) {
    const state = Object.hasOwn(connector.statuses, status) ? connector.statuses[status] : undefined;
    if (state === undefined) found.push("unknown_status");
    else if (state === null) found.push("unchanged");
    else if (no <= consignment.statusNo) found.push("late");
    else {
      found.push(advance(ctx, await orderOf(ctx, consignment), state, change));
      table.update(consignment.id, { statusNo: no });
    }
  }
  return found.find((one) => puzzles.has(one)) ?? found.find((one) => one === "applied") ?? found[0] ?? "unchanged";
};

const tellIfPuzzling = (ctx: CommandContext, { id, carrier, outcome, status }: CarrierChange): void => {
  if (puzzles.has(outcome)) ctx.emit("puzzling", { change: id, carrier, outcome, status }, carrierChanges);
};

/** Takes a change down and does what it says; what was heard before is left. */
export const takeChange = async (
  ctx: CommandContext,
  change: Change,
  { carrier, connector }: { readonly carrier: string; readonly connector: Connector },
): Promise<void> => {
  const id = changeIdOf(carrier, change.no);
  const table = ctx.table(carrierChanges);
  if ((await table.get(id)) !== undefined) return;
  const consignment = await ctx.table(consignments).get(change.reference);
  const isKnown = consignment?.carrier === carrier;
  const outcome = isKnown ? await applied(ctx, consignment, change, connector) : "unknown_consignment";
  const { no, reference, number, status, happenedAt, place } = change;
  const state = status === null || !Object.hasOwn(connector.statuses, status) ? null : connector.statuses[status];
  const row = { id, carrier, no, reference, number, status, happenedAt, place, outcome, state: state ?? null };
  tellIfPuzzling(ctx, table.insert(row));
};

/** Does what was heard of a consignment before it was there, in the carrier's order. */
export const takeWaiting = async (ctx: CommandContext, consignment: Consignment, connector: Connector): Promise<void> => {
  const table = ctx.table(carrierChanges);
  const waiting = await table.find(
    (row) => and(eq(row.reference, consignment.id), eq(row.carrier, consignment.carrier), eq(row.outcome, "unknown_consignment")),
    { limit: waitingMax, sortBy: "no" },
  );
  for (const row of waiting) {
    const current = await ctx.table(consignments).get(consignment.id);
    if (current === undefined) return;
    tellIfPuzzling(ctx, table.update(row.id, { outcome: await applied(ctx, current, row, connector) }));
  }
};
