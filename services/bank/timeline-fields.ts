/** What the timeline of a customer is asked with, and what it answers. */
import { t } from "pons";
import { activityTypes } from "./activities.ts";

export const entryTypes = [...activityTypes, "note", "account_opened", "document_added", "transfer"] as const;

export type EntryType = (typeof entryTypes)[number];

export const timelineInput = {
  before: t.string({ optional: true, maxLength: 100, doc: "`before` of the page before." }),
  limit: t.integer({ default: 20, min: 1, max: 100, doc: "Most entries." }),
  transfersFrom: t.money({ optional: true, min: 1n, doc: "Minor units: transfers of at least this amount too. Absent: none." }),
};

export const timelineOutput = {
  entries: t.array(
    t.object({
      at: t.dateTime(),
      type: t.enum(entryTypes),
      about: t.string({ maxLength: 64, doc: "Id of the row it is about." }),
      text: t.text({ optional: true }),
      by: t.string({ optional: true, doc: "Who did it." }),
      amount: t.money({ optional: true, currency: "currency" }),
      currency: t.currency({ optional: true }),
    }),
    { doc: "Newest first." },
  ),
  before: t.string({ optional: true, doc: "Where the next page begins; absent on the last one." }),
};
