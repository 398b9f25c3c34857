/** Packings: the parcel that goods make, checked without a trace, or kept for a day with its picture. */
import { type FunctionRefusal, type QueryContext, resource, t } from "pons";
import { type AskedLine, type FilledLine, filledLines, goodsUnknown } from "../catalogue/fill.ts";
import { askedSizeFields, goodsMax, quantity, sizeFields } from "../measures.ts";
import { packOffLoop, type Packing, type Parcel, picture } from "../packing/index.ts";
import { itemsOf, parcelPacker, piecesMax, piecesOf } from "../pricing/pack-parcels.ts";
import { noTariff, packingRefusalOf, packingRefusals } from "../pricing/quote.ts";
import { versionAt } from "../pricing/versions.ts";
import { everybody } from "../roles.ts";
import { admittedOf, exceededBy } from "./admit.ts";

const keptMs = 86_400_000;

const bounds = { minItems: 1, maxItems: goodsMax, filter: false } as const;

const input = {
  goods: t.array(
    t.object({
      ...askedSizeFields,
      quantity,
      sku: t.string({ optional: true, minLength: 1, maxLength: 60, doc: "The shop's number of the article.", example: "MUG-01" }),
    }),
    {
      ...bounds,
      doc: "What is packed. Sides and weight that are left out are taken from the catalogue, by `sku`, and with them whether it is fragile or stays upright.",
    },
  ),
};

const placement = t.object({
  item: t.integer({ doc: "Line of goods, from 1." }),
  step: t.integer({ doc: "1, 2, 3 … in the order of packing." }),
  x: t.integer({ doc: "Along the length, 0.1 mm." }),
  y: t.integer({ doc: "Along the width." }),
  z: t.integer({ doc: "Upwards." }),
  length: t.integer({ doc: "As it stands." }),
  width: t.integer(),
  height: t.integer(),
});

const fields = {
  id: t.id("pak"),
  goods: t.array(t.object({ ...sizeFields, quantity }), { ...bounds, doc: "What is packed." }),
  length: t.integer({ write: "never", doc: "Of the parcel, 0.1 mm." }),
  width: t.integer({ write: "never" }),
  height: t.integer({ write: "never" }),
  weight: t.integer({ write: "never", doc: "Of the goods, grams." }),
  fillPercent: t.decimal({ scale: 2, write: "never", doc: "Volume of the goods by that of the parcel." }),
  placements: t.array(placement, { write: "never", filter: false, doc: "Where each piece lies." }),
  expiresAt: t.dateTime({ optional: true, write: "never", doc: "Until then it is kept." }),
  createdAt: t.dateTime({ set: "created" }),
};

interface Boxed {
  readonly goods: readonly FilledLine[];
  readonly parcel: Packing["parcels"][number];
}

/** One box around all of it, as small as can be. */
const boxOf = async (ctx: QueryContext, asked: readonly AskedLine[]): Promise<Boxed | FunctionRefusal> => {
  const goods = await filledLines(ctx, asked, "packing");
  if ("refused" in goods) return goods;
  const pieces = piecesOf(goods);
  if (pieces > piecesMax) return ctx.refuse("too_many_pieces", { pieces, most: piecesMax });
  try {
    const { parcels } = await packOffLoop({ items: itemsOf(goods), mode: { kind: "box" } }, { signal: ctx.signal });
    const [parcel] = parcels;
    if (parcel === undefined) throw new Error("a box that was packed has no parcel");
    return { goods, parcel };
  } catch (error) {
    return packingRefusalOf(ctx, error);
  }
};

/** The refusal that tells of a limit. Lengths are told in millimetres. */
const refusals = {
  weight: "too_heavy",
  longest_side: "too_long",
  middle_side: "too_wide",
  shortest_side: "too_high",
  girth: "girth_exceeded",
  sides_sum: "sides_exceeded",
} as const;

const limitRefusals = {
  too_heavy: { status: 422, doc: "No way of delivery takes that weight." },
  too_long: { status: 422, doc: "The longest side exceeds every way of delivery." },
  too_wide: { status: 422, doc: "The middle side exceeds every way of delivery." },
  too_high: { status: 422, doc: "The shortest side exceeds every way of delivery." },
  girth_exceeded: { status: 422, doc: "The girth exceeds every way of delivery." },
  sides_exceeded: { status: 422, doc: "The sum of the sides exceeds every way of delivery." },
} as const;

export const limitRefusalTypes = Object.keys(limitRefusals);

const typeOf = (reason: string): string => refusals[reason as keyof typeof refusals] ?? "too_heavy";

export const packings = resource(
  "packings",
  { doc: "Parcels that goods make.", fields },
  ({ self, all, command, query, due }) => ({
    rows: { shop: all, warehouse: all, manager: all },
    sortBy: "createdAt.desc",
    due: due({ doc: "Forgets a packing after a day.", at: "expiresAt", run: (ctx, { row }) => ctx.table(self).delete(row.id) }),
    create: command({
      on: "collection",
      doc: "Packs goods into the smallest box. Kept for 24 hours.",
      roles: everybody,
      cost: 3,
      input,
      output: "row",
      refusals: { ...packingRefusals, ...goodsUnknown },
      prepare: (ctx, { input: { goods } }) => boxOf(ctx, goods),
      run: (
        ctx,
        {
          prepared: {
            goods,
            parcel: { length, width, height, weight, fill, placements },
          },
        },
      ) =>
        ctx.created(
          ctx.table(self).insert({
            goods: goods.map(({ quantity: pieces, ...line }) => ({
              length: line.length,
              width: line.width,
              height: line.height,
              weight: line.weight,
              quantity: pieces,
            })),
            length,
            width,
            height,
            weight,
            fillPercent: (fill * 100).toFixed(2),
            placements: placements.map(({ item, step, x, y, z, ...sides }) => ({
              item: Number(item),
              step,
              x,
              y,
              z,
              length: sides.length,
              width: sides.width,
              height: sides.height,
            })),
            expiresAt: new Date(Date.parse(ctx.now) + keptMs).toISOString(),
          }),
        ),
    }),
    functions: {
      check: query({
        on: "collection",
        doc: "The parcel that goods make, and whether at least one way of delivery admits it.",
        roles: everybody,
        cost: 3,
        input,
        output: {
          fits: t.boolean({ doc: "Always true; a refusal tells which limit is exceeded." }),
          length: fields.length,
          width: fields.width,
          height: fields.height,
          weight: fields.weight,
          comment: t.string({ doc: "Empty." }),
        },
        refusals: { ...noTariff, ...packingRefusals, ...goodsUnknown, ...limitRefusals },
        run: async (ctx, { input: { goods } }) => {
          const inForce = await versionAt(ctx, ctx.now);
          if (inForce === null) return ctx.refuse("no_tariff");
          const boxed = await boxOf(ctx, goods);
          if ("refused" in boxed) return boxed;
          const { goods: filled, parcel } = boxed;
          const { length, width, height, weight } = parcel;
          let admitted: readonly Parcel[] | undefined;
          try {
            admitted = await admittedOf(inForce.version, parcel, parcelPacker(itemsOf(filled), ctx.signal, [parcel]));
          } catch (error) {
            return packingRefusalOf(ctx, error);
          }
          if (admitted !== undefined) {
            // Several parcels, or a carton: what the goods measure together.
            const [one = parcel, ...others] = admitted;
            const box = others.length > 0 || one.carton !== undefined ? parcel : one;
            return { fits: true, length: box.length, width: box.width, height: box.height, weight, comment: "" };
          }
          const size = { length, width, height, weight };
          const { reason, limit, actual } = exceededBy(inForce.version, parcel);
          const over = actual - limit;
          return ctx.refuse(typeOf(reason), { ...size, limit, over: reason === "weight" ? over : over / 10 });
        },
      }),
      picture: query({
        on: "item",
        doc: "The packed box as a drawing, with the order of packing.",
        roles: everybody,
        output: "document",
        documents: ["image/svg+xml"],
        run: (ctx, { row }) => {
          const { length, width, height, weight } = row;
          const placements = row.placements.map((one, index) => ({ ...one, item: String(one.item), index }));
          const content = picture({ length, width, height, weight, placements, fill: Number(row.fillPercent) / 100 });
          return ctx.document({ mediaType: "image/svg+xml", filename: `${row.id}.svg`, content });
        },
      }),
    },
  }),
);
