/**
 * Documents that functions answer: `ctx.document({ mediaType: "text/csv", filename: "may.csv", content: "a,b\r\n" })`. To the pipeline such an answer is
 * data like any other, so that batches, jobs and kept answers hold it; a channel that can sends it as the file it is.
 *
 *   { mediaType: "text/csv", filename: "may.csv", encoding: "text", content: "a,b\r\n" }
 *   { mediaType: "application/pdf", filename: "may.pdf", encoding: "base64", content: "JVBERi0…" }
 */
import { type DocumentAnswer, type DocumentContent, documentMark } from "../../define/function.ts";
import type { Operation } from "../../contract/contract.ts";
import type { DocumentData } from "../../pipeline/document-data.ts";

/** As large as the greatest body that is read. */
const documentBytesMax = 16 * 1024 * 1024;

const filenameLengthMax = 120;
const nameless = "document";

/** Control and format characters, and what means something to a file system or a shell: on any of the three usual ones. */
/** Without dots and spaces at its end. */
const withoutEnd = (name: string): string => {
  let end = name.length;
  while (end > 0 && /[.\s]/.test(name.charAt(end - 1))) end--;
  return name.slice(0, end);
};

const unsafe = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029/\\:*?"<>|%$`]/gu;

/** A name that is safe to save under: nothing of a path, no leading dot or dash, the extension kept when it has to be cut. */
export const safeFilename = (filename: string): string => {
  const clean = withoutEnd(
    filename
      .toWellFormed()
      .normalize("NFC")
      .replace(unsafe, "_")
      .trim()
      .replace(/^[.\-\s]+/, ""),
  );
  const characters = [...clean];
  if (characters.length <= filenameLengthMax) return clean === "" ? nameless : clean;
  const extension = /\.\w{1,8}$/.exec(clean)?.[0] ?? "";
  return characters.slice(0, filenameLengthMax - extension.length).join("") + extension;
};

/** What `ctx.document` gives back. */
export const documentAnswer = ({ mediaType, filename, content }: DocumentContent): DocumentAnswer => ({
  [documentMark]: true,
  mediaType,
  filename: safeFilename(filename),
  content,
});

const isDocument = (value: unknown): value is DocumentAnswer =>
  typeof value === "object" && value !== null && (value as Partial<DocumentAnswer>)[documentMark] === true;

/** The data of an operation that answers a document. Throws for what is none, for a type that was not declared, and for what is too large. */
export const presentDocument = (operation: Operation, result: unknown): DocumentData => {
  if (!isDocument(result)) throw new Error(`${operation.name} must answer with ctx.document`);
  const { mediaType, filename, content } = result;
  const declared = operation.output.kind === "document" ? operation.output.mediaTypes : [];
  if (!declared.includes(mediaType)) throw new Error(`${operation.name} answers ${mediaType}, which it does not declare`);
  const bytes = typeof content === "string" ? Buffer.byteLength(content) : content.length;
  if (bytes > documentBytesMax)
    throw new Error(`${operation.name} answers a document of ${bytes} bytes; at most ${documentBytesMax}`);
  return typeof content === "string"
    ? { mediaType, filename, encoding: "text", content: content.toWellFormed() }
    : { mediaType, filename, encoding: "base64", content: content.toBase64() };
};
