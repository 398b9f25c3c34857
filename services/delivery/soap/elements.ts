/** Types of the delivery service over SOAP, as clients know them: metres, kilograms, major units. */
import type { SoapElement, SoapElements } from "pons";

const metres = (name: string): SoapElement => ({ name, type: "float", scale: 4, doc: "Metres." });

/** An amount: minor units inside. `doc`: what it is; that it is in major units is added. */
export const price = (name: string, doc: string, field?: string): SoapElement => ({
  name,
  type: "float",
  scale: 2,
  doc: `${doc}, in major units.`,
  ...(field === undefined ? {} : { field }),
});

export const size: readonly SoapElement[] = [
  metres("Length"),
  metres("Width"),
  metres("Height"),
  { name: "Weight", type: "float", scale: 3, doc: "Kilograms." },
];

/** Of goods that are asked for. They are always there, and a zero is one: a weight may be. Only other channels can leave them to the catalogue. */
const askedSize: readonly SoapElement[] = size.map((element) => ({ ...element, empty: null }));

/** Its words are those that clients have in their copies of the description. */
export const goods: SoapElement = { name: "Goods", type: "Goods", doc: "Lines of goods." };

const quantity: SoapElement = { name: "Qty", field: "quantity", type: "int" };

export const types: Readonly<Record<string, SoapElements>> = {
  Dimensions: [...askedSize, quantity],
  Address: ["Index", "Region", "District", "City", "Settlement", "Street", "Home", "Housing", "Flat"],
  Customer: ["ID", "Name", "Email", "Phone", { name: "Address", type: "Address" }],
  Goods: ["SKU", "Name", ...askedSize, quantity, price("Price", "Of one piece"), "VATRate"],
  TrackNumber: [{ name: "OrderID", field: "externalId" }, "Number", { name: "Activity", field: "isActive" }],
  DeliveryType: [
    { name: "TypeId", field: "deliveryType", type: "int" },
    { name: "TypeName", field: "name" },
    { name: "TypeDescription", field: "description" },
    price("Cost", "All together, with tax", "total"),
    price("Insurance", "Insurance"),
    price("PostalRate", "Carriage and its surcharges", "carriage"),
    price("PreparingCost", "Packing and marking", "preparing"),
    "Address",
    { name: "Worktime", field: "workTime" },
    { name: "MinPeriod", field: "minDays", type: "int" },
    { name: "MaxPeriod", field: "maxDays", type: "int" },
    { name: "AdditionalInfo", field: "note" },
  ],
  DetailsOfCost: [
    { name: "Description", doc: "What is charged, in the caller's language." },
    price("Price", "Of one"),
    { name: "Qty", field: "quantity", type: "int", doc: "How many of it." },
    price("Cost", "Of all", "amount"),
  ],
  BillingItem: [
    { name: "ExtNumber", field: "externalId" },
    { name: "Service", type: "string", doc: "`unpriced`: the tariff does not offer the order's way of delivery." },
    price("Amount", "What is charged"),
  ],
  StatusOrder: [
    { name: "OrderID", field: "externalId" },
    { name: "StatusId", field: "stateNumber", type: "int" },
    { name: "Status", field: "state", type: "string" },
    { name: "Date", field: "happenedAt" },
    { name: "Completed", field: "isCompleted" },
    "Comment",
  ],
};
