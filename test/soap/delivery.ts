/**
 * A service whose messages are given: operations of a fulfilment house with the names, types and argument order that contractors' clients have. Inside, lengths
 * are tenths of a millimetre, weights grams, money minor units.
 */
import { command, eq, query, resource, service, t } from "pons";

const goodsSize = {
  length: t.integer({ min: 1, max: 100_000, doc: "0.1 mm" }),
  width: t.integer({ min: 1, max: 100_000, doc: "0.1 mm" }),
  height: t.integer({ min: 1, max: 100_000, doc: "0.1 mm" }),
  weight: t.integer({ min: 0, max: 10_000_000, doc: "Grams." }),
};
const weightMax = 30_000;

const checkDimensions = query({
  doc: "Whether at least one way of delivery admits the goods.",
  roles: ["shop"],
  input: {
    goods: t.array(t.object({ ...goodsSize, quantity: t.integer({ min: 1, max: 1_000 }) }), { minItems: 1, maxItems: 200 }),
  },
  output: { fits: t.boolean(), ...goodsSize, comment: t.string() },
  refusals: { too_heavy: { status: 422, doc: "No way of delivery takes that much." } },
  run: (ctx, { input }) => {
    const pieces = input.goods.flatMap((one) => Array.from({ length: one.quantity }, () => one));
    const most = (pick: (one: (typeof pieces)[number]) => number): number => Math.max(...pieces.map(pick));
    const sum = (pick: (one: (typeof pieces)[number]) => number): number => pieces.reduce((total, one) => total + pick(one), 0);
    const parcel = {
      length: most(({ length }) => length),
      width: most(({ width }) => width),
      height: sum(({ height }) => height),
      weight: sum(({ weight }) => weight),
    };
    if (parcel.weight > weightMax) return ctx.refuse("too_heavy", { ...parcel, over: parcel.weight - weightMax });
    return { fits: true, ...parcel, comment: "" };
  },
});

const address = t.object({
  index: t.string({ maxLength: 12 }),
  region: t.string({ optional: true }),
  city: t.string(),
  street: t.string(),
  home: t.string({ optional: true }),
});

const orders = resource(
  "orders",
  {
    doc: "What is to be delivered.",
    fields: {
      id: t.id("ord"),
      externalId: t.string({ maxLength: 40, unique: true }),
      number: t.string({ maxLength: 40 }),
      placedAt: t.dateTime(),
      customer: t.object({ id: t.string(), name: t.string(), email: t.email({ optional: true }), address }),
      declaredCost: t.money({ min: 0n }),
      amountToBePaid: t.money({ min: 0n }),
      typeOfSeal: t.integer({ min: 1, max: 3 }),
      isSturdy: t.boolean(),
      isActive: t.boolean(),
      goods: t.array(
        t.object({
          sku: t.string(),
          name: t.string({ optional: true }),
          ...goodsSize,
          quantity: t.integer({ min: 1 }),
          price: t.money({ optional: true }),
          vatRate: t.string({ optional: true }),
        }),
      ),
      deliverOn: t.dateTime({ optional: true }),
      earliest: t.integer({ optional: true, min: 1, max: 24 }),
      comment: t.text({ optional: true }),
      serial: t.integer({ set: "sequence" }),
      changedAt: t.dateTime({ set: "updated" }),
    },
  },
  ({ all, self, command: change, query: ask }) => ({
    rows: { shop: all },
    access: { update: ["shop"] },
    functions: {
      push: change({
        on: "collection",
        doc: "Places an order; the same again changes nothing.",
        roles: ["shop"],
        input: {
          externalId: self.fields.externalId,
          number: self.fields.number,
          placedAt: self.fields.placedAt,
          customer: self.fields.customer,
          declaredCost: self.fields.declaredCost,
          amountToBePaid: self.fields.amountToBePaid,
          typeOfSeal: self.fields.typeOfSeal,
          isSturdy: self.fields.isSturdy,
          isActive: self.fields.isActive,
          goods: self.fields.goods,
          deliverOn: self.fields.deliverOn,
          earliest: self.fields.earliest,
          comment: self.fields.comment,
        },
        refusals: { order_locked: { status: 409, doc: "The order is on a register." } },
        run: async (ctx, { input }) => {
          if (input.number === "LOCKED") return ctx.refuse("order_locked", { order: input.externalId });
          const [known] = await ctx.table(self).find(({ externalId }) => eq(externalId, input.externalId));
          if (known !== undefined) return ctx.table(self).update(known.id, input);
          return ctx.created(ctx.table(self).insert({ ...input, id: ctx.id(self) }));
        },
      }),
      trackNumbers: ask({
        on: "collection",
        doc: "What was bound to orders since.",
        roles: ["shop"],
        input: { since: t.dateTime() },
        output: {
          watermark: t.dateTime(),
          numbers: t.array(t.object({ orderId: t.string(), number: t.string({ optional: true }), isActive: t.boolean() })),
        },
        run: (_, { input }) => ({
          watermark: input.since,
          numbers: [
            { orderId: "A-1", number: "RR123456785XX", isActive: true },
            { orderId: "A-2", number: null, isActive: false },
          ],
        }),
      }),
    },
  }),
);

const size = [
  { name: "Length", type: "float", scale: 4 },
  { name: "Width", type: "float", scale: 4 },
  { name: "Height", type: "float", scale: 4 },
  { name: "Weight", type: "float", scale: 3 },
] as const;

export const echo = command({
  doc: "For lists of values and wrapped lists.",
  roles: ["shop"],
  input: { ids: t.array(t.string()), flags: t.array(t.integer(), { optional: true }) },
  output: { ids: t.array(t.string()), flags: t.array(t.integer(), { optional: true }) },
  run: (_, { input }) => input,
});

export default service("delivery", {
  doc: "A fulfilment house.",
  version: "v1",
  roles: { shop: "An online shop." },
  resources: [orders],
  operations: { checkDimensions, echo },
  messages: {
    en: { "error.too_heavy": "The weight is exceeded by {over} g.", "error.order_locked": "The order is on a register." },
    de: { "error.too_heavy": "Das Gewicht ist um {over} g zu hoch." },
  },
  soap: {
    name: "Delivery",
    namespace: "http://delivery.example/",
    offer: "listed",
    lists: "repeated",
    valueTypes: "always",
    offset: "+00:00",
    types: {
      Dimensions: [...size, { name: "Qty", field: "quantity", type: "int" }],
      Address: ["Index", "Region", "City", "Street", "Home"],
      Customer: ["ID", "Name", "Email", { name: "Address", type: "Address" }],
      Goods: [
        "SKU",
        "Name",
        ...size,
        { name: "Qty", field: "quantity", type: "int" },
        { name: "Price", type: "float", scale: 2 },
        "VATRate",
      ],
      TrackNumber: ["OrderID", "Number", { name: "Activity", field: "isActive", type: "boolean" }],
    },
    operations: {
      checkDimensions: {
        name: "CheckDimensions",
        input: [{ name: "DimensionsList", field: "goods", type: "Dimensions" }],
        output: [
          { name: "return", field: "fits", type: "boolean", refused: { value: false } },
          ...size,
          { name: "Comment", refused: "message", optional: false },
        ],
        inBand: ["too_heavy"],
      },
      "orders.push": {
        name: "PushOrder",
        input: [
          { name: "ID", field: "externalId" },
          "Number",
          { name: "Date", field: "placedAt" },
          { name: "Customer", type: "Customer" },
          { name: "DeclaredCost", type: "float", scale: 2 },
          { name: "AmountToBePaid", type: "float", scale: 2 },
          { name: "TypeOfSeal", type: "byte" },
          { name: "SturdyPackaging", field: "isSturdy" },
          { name: "Activity", field: "isActive" },
          { name: "Goods", type: "Goods" },
          { name: "DeliveryDate", field: "deliverOn" },
          { name: "StartTimeDelivery", field: "earliest", type: "int" },
          "Comment",
        ],
        output: [{ name: "return", field: "serial", type: "long" }],
      },
      "orders.trackNumbers": {
        name: "GetTrackNumbers",
        input: [{ name: "DateOfLastGetting", field: "since" }],
        output: [
          { name: "return", field: "watermark" },
          { name: "TrackNumbers", field: "numbers", type: "TrackNumber" },
        ],
      },
      echo: {
        name: "Echo",
        input: [
          { name: "IDs", field: "ids" },
          { name: "Flags", list: "wrapped", item: "Flag" },
        ],
        output: [
          { name: "IDs", field: "ids" },
          { name: "Flags", list: "wrapped", item: "Flag" },
          { name: "Code", value: "ok", refused: "type", type: "string" },
        ],
      },
    },
  },
});
