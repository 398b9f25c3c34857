/** The connectors that there are. */
import type { Connector } from "./connector.ts";

/** The simulated carrier (`simulator/`): kilograms and centimetres, words of its own for states. */
export const simulated: Connector = {
  name: "simulated",
  deliveryTypes: [1, 2, 3, 4, 5, 6, 7, 8],
  askSeconds: 10,
  timeoutMs: 5_000,
  bytesMax: 256 * 1024,
  secret: { header: "authorization", prefix: "Bearer " },
  book: {
    path: "/v1/consignments",
    key: "idempotency-key",
    body: {
      object: {
        reference: "reference",
        service: "deliveryType",
        recipient: {
          object: {
            name: "customer.name",
            phone: "customer.phone",
            postalCode: "customer.address.index",
            city: "customer.address.city",
            street: "customer.address.street",
            house: "customer.address.home",
          },
        },
        collect: { from: "amountToBePaid", divideBy: 100 },
        note: "comment",
        parcels: {
          each: "parcels",
          of: {
            object: {
              kg: { from: "weight", divideBy: 1_000 },
              lengthCm: { from: "length", divideBy: 100 },
              widthCm: { from: "width", divideBy: 100 },
              heightCm: { from: "height", divideBy: 100 },
            },
          },
        },
      },
    },
    number: "consignment.number",
  },
  changes: {
    path: "/v1/changes",
    since: "since",
    most: "limit",
    pageMax: 100,
    list: "changes",
    cursor: "next",
    more: "more",
    change: { no: "no", reference: "reference", number: "number", status: "event", happenedAt: "at", place: "place" },
  },
  statuses: {
    ANNOUNCED: null,
    COLLECTED: "in_transit",
    SORTED: "in_transit",
    AT_POINT: "awaiting_pickup",
    DELIVERED: "delivered",
    REFUSED: "returning",
    SENT_BACK: "returned",
    MISSING: "lost",
  },
};

export const connectorNames = ["simulated"] as const;

export const connectors: Readonly<Record<(typeof connectorNames)[number], Connector>> = { simulated };
