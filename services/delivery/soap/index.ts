/** The delivery service over SOAP: operations with the names, the types and the order of arguments that contractors' clients have. */
import type { SoapDefinition, SoapElement, SoapOperation } from "pons";
import { limitRefusalTypes } from "../packings/packings.ts";
import { goods, price, size, types } from "./elements.ts";

/** Moments are always there: one of the year 1 stands for none. */
const since: SoapElement = {
  name: "DateOfLastGetting",
  field: "since",
  doc: "The moment that the last answer gave; of the year 1: everything from the beginning.",
};
const watermark: SoapElement = {
  name: "return",
  field: "watermark",
  doc: "From where to ask next. Nothing that is committed later comes before it; of the year 1 where nothing was ever told.",
};

const operations: Readonly<Record<string, SoapOperation>> = {
  "packings.check": {
    name: "CheckDimensions",
    input: [{ name: "DimensionsList", field: "goods", type: "Dimensions", doc: "What is packed." }],
    output: [
      {
        name: "return",
        field: "fits",
        type: "boolean",
        refused: { value: false },
        doc: "Whether at least one way of delivery admits it.",
      },
      ...size,
      {
        name: "Comment",
        refused: "message",
        optional: false,
        doc: "Which limit is exceeded, and by how much; empty where none is.",
      },
    ],
    inBand: limitRefusalTypes,
  },
  "rates.create": {
    name: "CalculateShippingCost",
    input: [
      "OrderNumber",
      price("DeclaredCost", "Declared value"),
      goods,
      { name: "Address", type: "Address" },
      { name: "TypeOfSeal", field: "seal", type: "byte" },
      { name: "SturdyPackaging", field: "isSturdy" },
      { name: "CashOnDelivery", field: "isCashOnDelivery" },
    ],
    output: [
      { name: "return", field: "serial", type: "long", doc: "Number of the quote, as `GetDetailsOfCost` asks for it." },
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
      price("DeclaredCost", "Declared value"),
      price("AmountToBePaid", "Collected on delivery"),
      { name: "DeliveryTypeId", field: "deliveryType", type: "int" },
      { name: "TypeOfSeal", field: "seal", type: "byte" },
      { name: "SturdyPackaging", field: "isSturdy" },
      { name: "Activity", field: "isActive" },
      goods,
      { name: "DeliveryDate", field: "deliverOn", doc: "Day of delivery that the customer wants; of the year 1: any." },
      {
        name: "StartTimeDelivery",
        field: "deliverFrom",
        type: "int",
        doc: "Hour from which the customer is there; 0: none is named.",
      },
      {
        name: "EndTimeDelivery",
        field: "deliverTo",
        type: "int",
        doc: "Hour until which the customer is there; 0: none is named.",
      },
      "Comment",
      "ShipperId",
      "Marker",
    ],
    output: [{ name: "return", field: "serial", type: "long", doc: "Number of the order." }],
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
    output: [{ name: "return", field: "serial", type: "long", doc: "Number of the manifest." }],
  },
  "trackingNumbers.changes": {
    name: "GetTrackNumbers",
    input: [since],
    output: [watermark, { name: "TrackNumbers", field: "numbers", type: "TrackNumber" }],
  },
  "statuses.changes": {
    name: "GetStatusesOrders",
    input: [since, "OnlyCompleted"],
    output: [watermark, { name: "StatusesOrders", field: "statuses", type: "StatusOrder" }],
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
