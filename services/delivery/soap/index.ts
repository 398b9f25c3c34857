/** The delivery service over SOAP: operations with the names, the types and the order of arguments that contractors' clients have. */
import type { SoapDefinition, SoapOperation } from "pons";
import { limitRefusalTypes } from "../packings/packings.ts";
import { goods, price, size, types } from "./elements.ts";

const operations: Readonly<Record<string, SoapOperation>> = {
  "packings.check": {
    name: "CheckDimensions",
    input: [{ name: "DimensionsList", field: "goods", type: "Dimensions", doc: "What is packed." }],
    output: [
      { name: "return", field: "fits", type: "boolean", refused: { value: false } },
      ...size,
      { name: "Comment", refused: "message", optional: false },
    ],
    inBand: limitRefusalTypes,
  },
  "rates.create": {
    name: "CalculateShippingCost",
    input: [
      "OrderNumber",
      price("DeclaredCost"),
      goods,
      { name: "Address", type: "Address" },
      { name: "TypeOfSeal", field: "seal", type: "byte" },
      { name: "SturdyPackaging", field: "isSturdy" },
      { name: "CashOnDelivery", field: "isCashOnDelivery" },
    ],
    output: [
      { name: "return", field: "serial", type: "long" },
      { name: "Types", field: "offers", type: "DeliveryType" },
      { name: "Comments", field: "comments" },
    ],
  },
  "rates.charges": {
    name: "GetDetailsOfCost",
    input: [
      { name: "ID", field: "serial", type: "long" },
      { name: "TypeId", field: "deliveryType", type: "int" },
    ],
    output: [{ name: "return", field: "charges", type: "DetailsOfCost" }],
  },
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
      goods,
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
  "billingEntries.between": {
    name: "GetBillingData",
    input: [
      { name: "BeginDate", field: "begin" },
      { name: "EndDate", field: "end" },
    ],
    output: [{ name: "return", field: "items", type: "BillingItem" }],
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
