/** A fulfilment house: shops check baskets, price deliveries, place orders, hand the parcels over under a manifest and follow their numbers. */
import { service } from "pons";
import { bill } from "./billing/bill.ts";
import { billingAccounts } from "./billing/billing-accounts.ts";
import { billingEntries } from "./billing/billing-entries.ts";
import { postAgain, postEntered } from "./billing/post.ts";
import { postings } from "./billing/postings.ts";
import { goods } from "./catalogue/goods.ts";
import { carrierChanges, carriers, consign, consignments, follow } from "./carriers/index.ts";
import { demoOrigin } from "./carriers/simulator/origin.ts";
import { labels, senders } from "./labels/index.ts";
import { manifests } from "./manifests/manifests.ts";
import { messagesOf } from "./messages/index.ts";
import { moments } from "./moments.ts";
import { orders } from "./orders/orders.ts";
import { parcels } from "./orders/parcels.ts";
import { statuses } from "./orders/statuses.ts";
import { packings } from "./packings/packings.ts";
import { places } from "./places/places.ts";
import { servicePoints } from "./places/service-points.ts";
import { rates } from "./pricing/rates.ts";
import { tariffContents } from "./pricing/tariff-fields.ts";
import { tariffIndex } from "./pricing/tariff-index.ts";
import { tariffs } from "./pricing/tariffs.ts";
import { roles } from "./roles.ts";
import { soap } from "./soap/index.ts";
import { trackingNumbers } from "./tracking/tracking-numbers.ts";

/** What callers see. */
const shown = [
  goods,
  packings,
  rates,
  orders,
  parcels,
  statuses,
  manifests,
  trackingNumbers,
  billingEntries,
  postings,
  billingAccounts,
  servicePoints,
  tariffs,
  senders,
  places,
  carriers,
  consignments,
  carrierChanges,
];

export default service("delivery", {
  title: "Delivery",
  doc: `Orders that shops have delivered, the manifests they are handed over under, the numbers they are followed by. Lengths are tenths of a millimetre, weights grams, amounts minor units; over SOAP metres, kilograms and major units.

What changed is asked for by the moment that the last answer gave: nothing is missed, and nothing comes twice.`,
  version: "v1",
  roles,
  resources: [...shown, tariffContents, tariffIndex, moments],
  operations: { labels },
  jobs: { consign, follow, bill, postEntered, postAgain },
  // What is billed is posted there; without a bank it waits.
  calls: { bank: { roles: ["teller"], optional: true } },
  messages: messagesOf(shown),
  soap,
  // Prices of a quote and of the catalogue move no money.
  mcp: { unconfirmed: ["rates.create", "goods.create", "goods.update"] },
  // Its carrier is simulated, in the server itself.
  demo: {
    staff: ["warehouse", "manager", "shop", "treasurer"],
    customer: ["shop"],
    outside: { [demoOrigin]: async () => (await import("./carriers/simulator/demo.ts")).demoCarrier() },
  },
  // Loaded when it is asked for: most starts do not.
  async *seed(seeder) {
    const { seed } = await import("./seed.ts");
    yield* seed(seeder);
  },
});
