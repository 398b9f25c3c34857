/** The delivery service over SOAP: operations with the names, the types and the order of arguments that contractors' clients have. */
import type { SoapDefinition, SoapOperation } from "pons";
import { price, types } from "./elements.ts";

const operations: Readonly<Record<string, SoapOperation>> = {
  "orders.create": {
    name: "PushOrder",
    input: [
      { name: "ID", field: "externalId" },
      "Number",
      { name: "Date", field: "placedAt" },
      { name: "Customer", type: "Customer" },
      price("DeclaredCost"),
      price("AmountToBePaid"),
      { name: "DeliveryTypeId", field: "deliveryType", type: "int" },
      { name: "TypeOfSeal", field: "seal", type: "byte" },
      { name: "SturdyPackaging", field: "isSturdy" },
      { name: "Activity", field: "isActive" },
      { name: "Goods", type: "Goods" },
      { name: "DeliveryDate", field: "deliverOn" },
      { name: "StartTimeDelivery", field: "deliverFrom", type: "int" },
      { name: "EndTimeDelivery", field: "deliverTo", type: "int" },
      "Comment",
      "ShipperId",
      "Marker",
    ],
    output: [{ name: "return", field: "serial", type: "long" }],
  },
  "manifests.create": {
    name: "PushReestr",
    input: [
      { name: "ID", field: "externalId" },
      "Number",
      { name: "Date", field: "madeAt" },
      { name: "DateOfShipment", field: "shipAt" },
      { name: "IDs", field: "orderIds" },
    ],
    output: [{ name: "return", field: "serial", type: "long" }],
  },
  "trackingNumbers.changes": {
    name: "GetTrackNumbers",
    input: [{ name: "DateOfLastGetting", field: "since" }],
    output: [
      { name: "return", field: "watermark" },
      { name: "TrackNumbers", field: "numbers", type: "TrackNumber" },
    ],
  },
  "statuses.changes": {
    name: "GetStatusesOrders",
    input: [{ name: "DateOfLastGetting", field: "since" }, "OnlyCompleted"],
    output: [
      { name: "return", field: "watermark" },
      { name: "StatusesOrders", field: "statuses", type: "StatusOrder" },
    ],
  },
};

export const soap: SoapDefinition = {
  name: "Delivery",
  namespace: "urn:pons:delivery",
  offer: "listed",
  lists: "repeated",
  valueTypes: "always",
  offset: "+00:00",
  types,
  operations,
};
