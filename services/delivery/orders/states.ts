/**
 * States of an order, and which may follow which:
 *
 *   created ⇄ cancelled            by the shop, until the order is on a manifest
 *   created ⇄ manifested           by the manifest, and by its withdrawal
 *   manifested → handed_over       by the hand-over of the manifest
 *   handed_over → in_transit → awaiting_pickup → delivered
 *                     any of them → returning → returned, or lost
 */
export const orderStates = [
  "created",
  "cancelled",
  "manifested",
  "handed_over",
  "in_transit",
  "awaiting_pickup",
  "delivered",
  "returning",
  "returned",
  "lost",
] as const;

export type OrderState = (typeof orderStates)[number];

/** States that are told of an order on its way. */
export const travelStates = ["in_transit", "awaiting_pickup", "delivered", "returning", "returned", "lost"] as const;

export type TravelState = (typeof travelStates)[number];

const travels: Readonly<Record<OrderState, readonly TravelState[]>> = {
  created: [],
  cancelled: [],
  manifested: [],
  handed_over: ["in_transit", "delivered", "returning", "lost"],
  in_transit: ["awaiting_pickup", "delivered", "returning", "lost"],
  awaiting_pickup: ["in_transit", "delivered", "returning", "lost"],
  delivered: [],
  returning: ["returned", "lost"],
  returned: [],
  lost: [],
};

export const mayBecome = (from: OrderState, to: TravelState): boolean => travels[from].includes(to);

/** Nothing follows. A cancelled order is completed too: nothing more is done for it. */
export const isCompleted = (state: OrderState): boolean => ["cancelled", "delivered", "returned", "lost"].includes(state);

/** The shop may change the order: it is on no manifest yet. */
export const isOpen = (state: OrderState): boolean => state === "created" || state === "cancelled";

/** Numbers of the states on wires that have numbers; never used again for another state. */
export const stateNumbers: Readonly<Record<OrderState, number>> = {
  created: 10,
  cancelled: 20,
  manifested: 30,
  handed_over: 40,
  in_transit: 50,
  awaiting_pickup: 60,
  delivered: 70,
  returning: 80,
  returned: 90,
  lost: 100,
};

/** The event that tells of a new state on the way. */
export const travelEvents = {
  in_transit: "inTransit",
  awaiting_pickup: "awaitingPickup",
  delivered: "delivered",
  returning: "returning",
  returned: "returned",
  lost: "lost",
} as const satisfies Readonly<Record<TravelState, string>>;
