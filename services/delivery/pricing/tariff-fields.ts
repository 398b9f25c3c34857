/** Fields of a tariff's version, and where its content is kept. */
import { declare, resource, t } from "pons";

export const tariffFields = {
  id: t.id("tar"),
  number: t.integer({ unique: true, doc: "Counts up." }),
  name: t.string({ maxLength: 200 }),
  currency: t.currency(),
  effectiveFrom: t.dateTime({ index: true, doc: "From here on it counts." }),
  effectiveTo: t.dateTime({ optional: true, doc: "From here on it does not count any more; absent: until a later one does." }),
  createdAt: t.dateTime({ set: "created" }),
};

export const tariffs = declare("tariffs", { doc: "Versions of the tariff: never changed.", fields: tariffFields });

/** The content of a version, apart from its row so that lists stay small. Internal. */
export const tariffContents = resource(
  "tariffContents",
  {
    doc: "What versions of the tariff say.",
    fields: { id: t.id("tct", { doc: "As the version's, but for the prefix." }), content: t.json() },
  },
  () => ({ rows: {}, appendOnly: true }),
);

/** `tar_01J…` → `tct_01J…`. */
export const contentIdOf = (tariff: string): string => tariff.replace(/^tar_/, "tct_");
