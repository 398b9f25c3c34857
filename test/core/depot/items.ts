/** Items, tags and the pairs between boxes and tags: rules two relations away, many to many. */
import { eq, related, resource, t } from "../../../src/index.ts";

export const items = resource(
  "items",
  {
    doc: "Things in boxes.",
    fields: {
      id: t.id("itm", { client: true }),
      box: t.ref("boxes"),
      name: t.string({ maxLength: 80 }),
      quantity: t.integer({ min: 0, max: 1_000_000, default: 1 }),
      fragile: t.boolean({ default: false }),
    },
  },
  ({ all, rows, sum }) => ({
    rows: {
      clerk: all,
      owner: rows(({ box }, caller) => eq(related(box, "owner"), caller.subject)),
      agent: rows(({ box }, caller) =>
        eq({ field: [...(related(box, "owner") as { field: string[] }).field, "agent"] }, caller.user),
      ),
    },
    access: { create: ["clerk", "owner", "agent"], update: ["clerk", "owner", "agent"], delete: ["clerk", "owner", "agent"] },
    stats: { perBox: { group: ["box"], measures: { things: sum("quantity") } } },
    indexes: [{ fields: ["box", "name"], unique: true }],
  }),
);

export const tags = resource(
  "tags",
  { doc: "Words for boxes.", fields: { id: t.id("tag"), name: t.string({ unique: true }), rank: t.integer({ default: 0 }) } },
  ({ all, manyToMany }) => ({
    rows: { clerk: all, owner: all },
    access: { create: ["clerk"], update: ["clerk"], delete: ["clerk"] },
    relations: { boxes: manyToMany("boxes", { through: "labels", from: "tag", to: "box" }) },
  }),
);

export const labels = resource(
  "labels",
  { doc: "Which box has which tag.", fields: { id: t.id("lab"), box: t.ref("boxes"), tag: t.ref("tags") } },
  ({ all, rows }) => ({
    rows: { clerk: all, owner: rows(({ box }, caller) => eq(related(box, "owner"), caller.subject)) },
    access: { create: ["clerk", "owner"], delete: ["clerk", "owner"] },
    indexes: [{ fields: ["box", "tag"], unique: true }],
  }),
);
