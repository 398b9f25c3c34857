/** The log of deliveries, read: what waits of a webhook, single deliveries. It is the table of a resource of the control plane. */
import type { RowsShape, Store, Table } from "../../store/index.ts";
import { type Delivery, deliveryOf } from "./delivery.ts";
import { waitingMax } from "./waiting.ts";

/** Beside what the deliverer itself keeps waiting, there is what owners have asked for. */
const readMax = waitingMax * 2;

const columns = [
  "id",
  "event",
  "type",
  "subject",
  "status",
  "attempts",
  "responseStatus",
  "durationMs",
  "problem",
  "response",
  "lastAt",
  "nextAt",
  "createdAt",
  "seq",
  "index",
  "before",
  "firstAt",
];

export class DeliveryLog {
  readonly #store: Store;
  readonly #waiting: RowsShape;
  readonly #byId: RowsShape;

  constructor(store: Store, table: Table) {
    this.#store = store;
    const shared = { kind: "rows" as const, table, joins: [], links: [], select: columns };
    const equals = (field: string) => ({ op: "eq" as const, left: { field: [field] }, right: { param: field } });
    this.#waiting = {
      ...shared,
      key: `${table.name}:deliverer:waiting`,
      params: [
        { name: "webhook", type: "text" },
        { name: "status", type: "text" },
      ],
      where: { op: "and", of: [equals("webhook"), equals("status")] },
      order: [
        { path: ["seq"], direction: "asc" },
        { path: ["id"], direction: "asc" },
      ],
    };
    this.#byId = {
      ...shared,
      key: `${table.name}:deliverer:byId`,
      params: [{ name: "id", type: "text" }],
      where: equals("id"),
      order: [{ path: ["id"], direction: "asc" }],
    };
  }

  /** Deliveries of a webhook that wait, in the order of their events. Throws `StoreError`. */
  async waiting({ owner, id }: { readonly owner: number; readonly id: string }): Promise<readonly Delivery[]> {
    const [rows = []] = await this.#store.read(this.#waiting, [{ realm: owner, params: [id, "waiting"], limit: readMax }]);
    return rows.map(deliveryOf);
  }

  async find(owner: number, id: string): Promise<Delivery | undefined> {
    const [rows = []] = await this.#store.read(this.#byId, [{ realm: owner, params: [id], limit: 1 }]);
    return rows[0] === undefined ? undefined : deliveryOf(rows[0]);
  }
}
