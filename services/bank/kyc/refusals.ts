/** Refusals about KYC cases and their documents. */
import type { RefusalSpecs } from "pons";

/** Refusals of what is for drafts only. */
export const caseRefusals = {
  kyc_case_not_draft: { status: 409, doc: "The case was submitted." },
} as const satisfies RefusalSpecs;

/** Refusals of a new document. */
export const documentRefusals = {
  kyc_case_not_found: { status: 404, doc: "There is no such case." },
  ...caseRefusals,
  invalid_document: { status: 422, doc: "The content is no file of this media type." },
  document_exists: { status: 409, doc: "The case has this file already." },
  too_many_documents: { status: 422, doc: "The case has as many documents as it may." },
} as const satisfies RefusalSpecs;
