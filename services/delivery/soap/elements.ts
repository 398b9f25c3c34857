/** Types of the delivery service over SOAP, as clients know them: metres, kilograms, major units. */
import type { SoapElement, SoapElements } from "pons";

const metres = (name: string): SoapElement => ({ name, type: "float", scale: 4 });

/** An amount: minor units inside. */
export const price = (name: string, field?: string): SoapElement => ({
  name,
  type: "float",
  scale: 2,
  ...(field === undefined ? {} : { field }),
});

export const size: readonly SoapElement[] = [
  metres("Length"),
  metres("Width"),
  metres("Height"),
  { name: "Weight", type: "float", scale: 3 },
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
  Goods: ["SKU", "Name", ...askedSize, quantity, price("Price"), "VATRate"],
  TrackNumber: [{ name: "OrderID", field: "externalId" }, "Number", { name: "Activity", field: "isActive" }],
  DeliveryType: [
    { name: "TypeId", field: "deliveryType", type: "int" },
    { name: "TypeName", field: "name" },
    { name: "TypeDescription", field: "description" },
    price("Cost", "total"),
    price("Insurance"),
    price("PostalRate", "carriage"),
    price("PreparingCost", "preparing"),
    "Address",
    { name: "Worktime", field: "workTime" },
    { name: "MinPeriod", field: "minDays", type: "int" },
    { name: "MaxPeriod", field: "maxDays", type: "int" },
    { name: "AdditionalInfo", field: "note" },
  ],
  DetailsOfCost: ["Description", price("Price"), { name: "Qty", field: "quantity", type: "int" }, price("Cost", "amount")],
  BillingItem: [
    { name: "ExtNumber", field: "externalId" },
    { name: "Service", type: "string", doc: "`unpriced`: the tariff does not offer the order's way of delivery." },
    price("Amount"),
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
