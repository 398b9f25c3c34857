/**
 * Answers that are documents: sent as the files they are, whatever `Accept` says, to be saved and not shown (RFC 6266).
 *
 *   Content-Type: text/csv; charset=utf-8
 *   Content-Disposition: attachment; filename="Auszug M_rz.csv"; filename*=UTF-8''Auszug%20M%C3%A4rz.csv
 *
 * In a batch or a job a document is data: `{ "mediaType": …, "filename": …, "encoding": "text" | "base64", "content": … }`.
 */
import type { Operation } from "../../contract/contract.ts";
import type { DocumentData } from "../../pipeline/document-data.ts";

export const answersDocument = ({ output }: Operation): boolean => output.kind === "document";

/** Characters of a value that RFC 8187 lets stand; all other bytes are percent-encoded. */
const encoded = (name: string): string =>
  encodeURIComponent(name).replace(/['()*!]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);

/** `Content-Disposition` of a file: the name in ASCII for those that know no other, and as it is. */
export const attachment = (filename: string): string => {
  const ascii = filename.replace(/[^\x20-\x7e]|["\\]/gu, "_");
  return `attachment; filename="${ascii}"${ascii === filename ? "" : `; filename*=UTF-8''${encoded(filename)}`}`;
};

/** The document as body and headers. */
export const documentParts = ({
  mediaType,
  filename,
  encoding,
  content,
}: DocumentData): {
  readonly body: string | Uint8Array;
  readonly contentType: string;
  readonly disposition: readonly [name: string, value: string];
} => ({
  body: encoding === "text" ? content : Uint8Array.fromBase64(content),
  contentType: encoding === "text" ? `${mediaType}; charset=utf-8` : mediaType,
  disposition: ["Content-Disposition", attachment(filename)],
});
