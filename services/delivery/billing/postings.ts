/** Postings: made by what is billed, moved on by jobs alone. */
import { resource, t } from "pons";
import { postings as declared } from "./posting-fields.ts";

export const postings = resource(declared, ({ all, count, sum }) => ({
  rows: { shop: all, manager: all, treasurer: all },
  sortBy: "createdAt.desc",
  stats: {
    byState: {
      doc: "How what was billed stands with the bank.",
      group: ["state", "currency"],
      measures: { postings: count(), amount: sum("amount") },
    },
  },
  events: {
    entered: { on: "create", doc: "Something that was billed is to be posted.", data: { posting: t.ref("postings") } },
    posted: {
      doc: "The bank has posted it.",
      data: {
        posting: t.ref("postings"),
        transfer: t.string(),
        amount: t.money({ currency: "currency" }),
        currency: t.currency(),
      },
    },
    refused: {
      doc: "The bank has refused it; it is asked again.",
      data: { posting: t.ref("postings"), refusal: t.string() },
    },
  },
}));
