/** Fields of a manifest. */
import { declare, type RowOf, t } from "pons";
import { derivedId } from "../derived-id.ts";
import { changesMax } from "../moments.ts";

export const manifestInput = {
  externalId: t.string({ minLength: 1, maxLength: 60, doc: "The shop's id of it.", example: "M-17" }),
  number: t.string({ minLength: 1, maxLength: 60, doc: "Number on its paper.", example: "17" }),
  madeAt: t.dateTime({ doc: "When it was made out." }),
  shipAt: t.dateTime({ doc: "When the parcels are to be handed over.", example: "2026-02-01T14:00:00.000Z" }),
  orderIds: t.array(t.string({ minLength: 1, maxLength: 60 }), {
    minItems: 1,
    maxItems: changesMax,
    filter: false,
    doc: "The shop's ids of the orders.",
    example: ["A-1024", "A-1025"],
  }),
  shipperId: t.string({
    optional: true,
    maxLength: 60,
    doc: "Whose orders they are; needed only where shippers of the tenant have orders of the same id.",
  }),
};

export const manifestFields = {
  id: t.id("mft"),
  serial: t.integer({ set: "sequence", doc: "Its number where ids are numbers." }),
  ...manifestInput,
  state: t.enum(["open", "handed_over", "withdrawn"], { default: "open", write: "never", index: true }),
  orderCount: t.integer({ write: "never", doc: "Orders on it." }),
  handedOverAt: t.dateTime({ optional: true, write: "never" }),
  createdAt: t.dateTime({ set: "created", index: true }),
};

export type Manifest = RowOf<typeof manifestFields>;
export type ManifestInput = RowOf<typeof manifestInput>;

export const manifests = declare("manifests", {
  doc: "Registers under which parcels are handed over.",
  fields: manifestFields,
});

/** One manifest per external id. */
export const manifestIdOf = (external: string): string => derivedId("mft", `manifest ${external}`);
