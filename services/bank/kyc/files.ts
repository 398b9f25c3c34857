/** The files of documents. Internal: `documents.download` gives one out, to staff. */
import { resource, t } from "pons";

/** Most bytes of a file. */
export const contentMax = 1_048_576;

const fields = {
  id: t.id("fil", { doc: "As the document's, but for the prefix." }),
  content: t.binary({ maxBytes: contentMax }),
  createdAt: t.dateTime({ set: "created" }),
};

export const documentFiles = resource("documentFiles", { doc: "Files of documents.", fields }, () => ({
  rows: {},
  appendOnly: true,
}));

/** `doc_01J…` → `fil_01J…`. */
export const fileIdOf = (document: string): string => document.replace(/^doc_/, "fil_");
