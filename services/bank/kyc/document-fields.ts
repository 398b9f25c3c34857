/** Documents of KYC cases as others refer to them. What may be done with them is in `documents.ts`. */
import { declare, t } from "pons";
import { staff } from "../approvals/fields.ts";
import { documentKinds } from "./document-kinds.ts";
import { mediaTypes } from "./media-type.ts";

export const filename = t.string({
  minLength: 1,
  maxLength: 120,
  write: "create",
  doc: "As the customer calls it.",
  example: "passport.jpg",
});
export const mediaType = t.enum(mediaTypes, { write: "create", doc: "What it is; the content has to begin like one." });
export const kind = t.enum(documentKinds, { write: "create", doc: "What it proves." });

const fields = {
  id: t.id("doc"),
  case: t.ref("kycCases", { write: "create", doc: "The case it belongs to." }),
  customer: t.ref("customers", { write: "never", doc: "Whose it is." }),
  kind,
  filename,
  mediaType,
  size: t.integer({ write: "never", doc: "Bytes." }),
  sha256: t.string({ write: "never", maxLength: 64, doc: "SHA-256 of the content, hexadecimal." }),
  uploadedBy: t.string({ write: "never", read: staff, maxLength: 255, doc: "Who added it." }),
  createdAt: t.dateTime({ set: "created", index: true }),
};

export const documents = declare("documents", { doc: "Proofs of who a customer is.", fields });
