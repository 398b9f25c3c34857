/** What of a version's content is read apart: the ways of delivery, and what goods are packed in. */
import { type QueryContext, t } from "pons";
import { everybody } from "../roles.ts";
import { containersMax, servicesMax } from "../tariffs/limits.ts";
import { serviceKinds } from "../tariffs/index.ts";
import { contentOf } from "./versions.ts";

interface OfVersion {
  readonly row: { readonly id: string };
}

const side = (doc: string) => t.integer({ doc: `${doc}, 0.1 mm.` });
const money = (doc: string) => t.money({ doc: `${doc}, in minor units.` });

/** The ways of delivery of a version. */
export const ways = {
  doc: "The ways of delivery of the version, by their numbers: what orders name as `deliveryType`, and what each takes.",
  roles: everybody,
  output: {
    ways: t.array(
      t.object({
        deliveryType: t.integer(),
        service: t.string({ doc: "Its id in the version." }),
        kind: t.enum(serviceKinds),
        name: t.string(),
        description: t.string(),
        weightMax: t.integer({ doc: "Grams of a parcel." }),
        sidesMax: t.array(t.integer(), {
          optional: true,
          doc: "Longest, middle and shortest side of a parcel, 0.1 mm; absent: no limit.",
        }),
        parcelsMax: t.integer({ optional: true }),
        declaredValueMax: t.money({ optional: true, doc: "In minor units." }),
        cashOnDeliveryMax: t.money({ optional: true, doc: "In minor units; 0: no cash on delivery." }),
        zones: t.array(t.string(), { doc: "Where it goes." }),
      }),
      { maxItems: servicesMax },
    ),
  },
  run: async (ctx: QueryContext, { row }: OfVersion): Promise<unknown> => ({
    ways: (await contentOf(ctx, row.id)).services
      .toSorted((one, other) => one.typeId - other.typeId)
      .map(({ id, typeId, kind, name, description, limits, transit }) => ({
        deliveryType: typeId,
        service: id,
        kind,
        name,
        description,
        weightMax: limits.weightMax,
        sidesMax: limits.sidesMax ?? null,
        parcelsMax: limits.parcelsMax ?? null,
        declaredValueMax: limits.declaredValueMax === undefined ? null : BigInt(limits.declaredValueMax),
        cashOnDeliveryMax: limits.cashOnDeliveryMax === undefined ? null : BigInt(limits.cashOnDeliveryMax),
        zones: transit.map(({ zone }) => zone),
      })),
  }),
};

/** The cartons and envelopes of a version. */
export const cartons = {
  doc: "Cartons and envelopes of the version, with their inner sides and prices.",
  roles: everybody,
  output: {
    cartons: t.array(
      t.object({
        carton: t.string({ doc: "Its id: what parcels name." }),
        kind: t.enum(["carton", "envelope"]),
        name: t.string(),
        length: side("Length inside"),
        width: side("Width inside"),
        height: side("Height inside"),
        wall: side("Thickness of its wall"),
        weight: t.integer({ doc: "Its own weight, grams." }),
        maxWeight: t.integer({ doc: "Goods in it at most, grams." }),
        price: money("Price"),
      }),
      { maxItems: containersMax },
    ),
  },
  run: async (ctx: QueryContext, { row }: OfVersion): Promise<unknown> => ({
    cartons: (await contentOf(ctx, row.id)).packaging.containers.map(({ id, price, ...carton }) => ({
      carton: id,
      ...carton,
      price: BigInt(price),
    })),
  }),
};
