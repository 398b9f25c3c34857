/**
 * Documents of KYC cases: never changed, never deleted. Rows tell what there is; the file itself is kept apart and given to staff only, by `download`, so
 * that a list stays small.
 */
import { resource, rowOf, t } from "pons";
import { staff } from "../approvals/fields.ts";
import { addDocument } from "./add-document.ts";
import { kycCases } from "./case-fields.ts";
import { documents as declared, filename, kind, mediaType } from "./document-fields.ts";
import { contentMax, documentFiles, fileIdOf } from "./files.ts";
import { mediaTypes } from "./media-type.ts";
import { documentRefusals } from "./refusals.ts";

export const documents = resource(declared, ({ own, all, command, query }) => ({
  rows: { customer: own("customer"), teller: all, supervisor: all, auditor: all },
  appendOnly: true,
  sortBy: "createdAt.desc",
  create: command({
    on: "collection",
    doc: "Adds a document to a case that is a draft.",
    roles: ["customer", "teller"],
    input: {
      case: t.ref("kycCases", { doc: "A draft." }),
      kind,
      filename,
      mediaType,
      content: t.binary({ maxBytes: contentMax, doc: "The file, at most 1 MiB." }),
    },
    output: "row",
    refusals: documentRefusals,
    load: ({ input }) => ({ of: rowOf(kycCases, input.case) }),
    run: (ctx, { input, loaded: { of } }) => addDocument(ctx, of, input),
  }),
  functions: {
    download: query({
      on: "item",
      doc: "The file.",
      roles: staff,
      output: "document",
      documents: mediaTypes,
      run: async (ctx, { row }) => {
        const file = await ctx.table(documentFiles).get(fileIdOf(row.id));
        if (file === undefined) throw new Error(`${row.id} has no file`);
        return ctx.document({ mediaType: row.mediaType, filename: row.filename, content: file.content });
      },
    }),
  },
}));
