/**
 * Bodies: read within their limits, decompressed, parsed by their Content-Type. A refusal is returned, nothing is thrown.
 *
 *   413 too_large                by Content-Length before a byte is read, and while a chunked body comes
 *   415 unsupported_media_type   no Content-Type, an unknown one, a charset but UTF-8, an unknown Content-Encoding
 *   400 invalid_body …           not well-formed; `details.reason` says how, `details.at` where
 *   400 invalid_request          two Content-Length headers, a body that breaks off
 *
 * A body needs a Content-Type: guessing one invites confusion. A body of GET, HEAD, OPTIONS or of the DELETE of one thing means nothing
 * (RFC 9110 section 9.3.1) and is not read.
 */
import { refuse } from "../../pipeline/refusal.ts";
import type { Refusal } from "../../pipeline/refusal.ts";
import { readContent, refusalOfFormat, tooLarge } from "../http/body.ts";
import { decompressBody } from "../http/index.ts";
import type { Body } from "./input.ts";
import { defaultLimits, FormatError, inputFormat } from "./formats/index.ts";
import type { InputFormat, SchemaHint } from "./formats/index.ts";

export interface BodyWanted {
  readonly bytesMax: number;
  readonly need: "required" | "optional";
  /** Lists (CSV, NDJSON) make sense. */
  readonly takesMany: boolean;
  readonly hint?: (() => SchemaHint) | undefined;
  /** The bytes, where they were read already: those of a signed request. */
  readonly content?: Uint8Array | undefined;
}

/** What was read; without `body` there was none. */
export interface ReadBody {
  readonly body?: Body;
  /** Packed or unpacked, whichever are more. */
  readonly bytes: number;
  readonly kind: InputFormat["kind"];
}

const formatOf = (request: Request, wanted: BodyWanted): InputFormat | Refusal => {
  const format = inputFormat(request.headers.get("content-type"));
  if (format === undefined) {
    return refuse("unsupported_media_type", { details: { reason: "missing", explanation: "A body needs a Content-Type." } });
  }
  if (format instanceof FormatError) return refusalOfFormat(format);
  const isPatch = request.method === "PATCH";
  const fits =
    format.kind === "plain" ||
    (format.kind === "merge" && isPatch) ||
    (format.kind === "jsonPatch" && isPatch && !wanted.takesMany);
  if (!fits || (format.format.listsOnly && !wanted.takesMany)) {
    return refuse("unsupported_media_type", { details: { mediaType: format.mediaType } });
  }
  return format;
};

/** Reads and parses the body of a request. */
export const readBody = async (request: Request, wanted: BodyWanted): Promise<ReadBody | Refusal> => {
  const bytes = wanted.content ?? (await readContent(request, wanted.bytesMax));
  if (!(bytes instanceof Uint8Array)) return bytes;
  if (bytes.length > wanted.bytesMax) return tooLarge(wanted.bytesMax);
  if (bytes.length === 0) {
    if (wanted.need === "optional") return { kind: "plain", bytes: 0 };
    return refuse("invalid_body", { details: { reason: "missing", explanation: "The request needs a body." } });
  }
  const input = formatOf(request, wanted);
  if ("status" in input) return input;
  const encoding = request.headers.get("content-encoding");
  const content = encoding === null ? bytes : await decompressBody(bytes, encoding, { bytesMax: wanted.bytesMax });
  if (content instanceof FormatError) return refusalOfFormat(content);
  const limits = { ...defaultLimits, bytesMax: wanted.bytesMax };
  const text = input.format.name === "xml" || input.format.name === "csv";
  const hint = text ? wanted.hint?.() : undefined;
  const value = input.format.parse(content, { limits, ...(hint === undefined ? {} : { hint }) });
  if (value instanceof FormatError) return refusalOfFormat(value);
  return { body: { value, text }, kind: input.kind, bytes: Math.max(bytes.length, content.length) };
};
