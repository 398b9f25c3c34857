/** Adding a document to a KYC case. */
import { type CommandContext, eq } from "pons";
import { identityOf } from "../approvals/identity.ts";
import { type KycCase, kycCases } from "./case-fields.ts";
import type { DocumentKind } from "./document-kinds.ts";
import { documents } from "./document-fields.ts";
import { documentFiles, fileIdOf } from "./files.ts";
import { beginsLike, type MediaType } from "./media-type.ts";

/** Most documents of one case. */
const documentsMax = 20;

export interface NewDocument {
  readonly kind: DocumentKind;
  readonly filename: string;
  readonly mediaType: MediaType;
  readonly content: Uint8Array;
}

/** Keeps the file and what there is to know of it. What the caller does not see is not there. */
export const addDocument = async (ctx: CommandContext, of: KycCase | undefined, given: NewDocument): Promise<unknown> => {
  if (of === undefined || !ctx.visible(kycCases, of)) return ctx.refuse("kyc_case_not_found");
  if (of.status !== "draft") return ctx.refuse("kyc_case_not_draft", { status: of.status });
  const { kind, filename, mediaType, content } = given;
  if (!beginsLike(mediaType, content)) return ctx.refuse("invalid_document", { mediaType });
  const sha256 = Bun.SHA256.hash(content, "hex");
  const table = ctx.table(documents);
  const known = await table.find((row) => eq(row.case, of.id), { limit: documentsMax });
  const same = known.find((document) => document.sha256 === sha256);
  if (same !== undefined) return ctx.refuse("document_exists", { document: same.id });
  if (known.length >= documentsMax) return ctx.refuse("too_many_documents", { max: documentsMax });
  const id = ctx.id(documents);
  ctx.table(documentFiles).insert({ id: fileIdOf(id), content });
  return ctx.created(
    table.insert({
      id,
      case: of.id,
      customer: of.customer,
      kind,
      filename,
      mediaType,
      size: content.length,
      sha256,
      uploadedBy: identityOf(ctx.principal),
    }),
  );
};
