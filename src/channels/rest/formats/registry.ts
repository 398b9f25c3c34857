/**
 * The formats a REST answer or body can have: found by media type, by extension, by the Accept header. Built at start and
 * fixed. Adding a format is adding a row here.
 */
import { Negotiator } from "../../http/accept.ts";
import { BoundedCache } from "../../http/bounded-cache.ts";
import { FormatError } from "../../http/format-error.ts";
import { splitOutsideQuotes } from "../../http/weighted.ts";
import { parseJson, stringifyJson } from "./json.ts";
import { codecs } from "./codecs.ts";
import type { ParseOptions, Parsed, PlainValue } from "./plain.ts";

export type FormatName = "json" | "xml" | "yaml" | "csv" | "ndjson" | "msgpack";

export interface Format {
  readonly name: FormatName;
  /** Lower case, the registered one first. */
  readonly mediaTypes: readonly string[];
  /** The Content-Type of an answer. */
  readonly contentType: string;
  /** The Content-Type of a problem document (RFC 9457) in this format, where there is one. */
  readonly problemType?: string;
  /** Extensions without the dot, the usual one first. */
  readonly extensions: readonly string[];
  /** Only lists can be answered with it. */
  readonly listsOnly: boolean;
  /** Can be written row by row with {@link Format.stream}. */
  readonly streams: boolean;
  /** The hint tells lists, objects and JSON cells apart where the format cannot (XML, CSV); the others ignore it. */
  parse(bytes: Uint8Array, options?: ParseOptions): Parsed;
  stringify(value: PlainValue): string | Uint8Array;
  stream?(
    rows: AsyncIterable<PlainValue>,
    options?: { readonly columns?: readonly string[] },
  ): ReadableStream<Uint8Array<ArrayBuffer>>;
}

const json: Format = {
  name: "json",
  mediaTypes: ["application/json", "text/json"],
  contentType: "application/json",
  problemType: "application/problem+json",
  extensions: ["json"],
  listsOnly: false,
  streams: false,
  parse: (bytes, options) => parseJson(bytes, options?.limits),
  stringify: stringifyJson,
};

const xml: Format = {
  name: "xml",
  mediaTypes: ["application/xml", "text/xml"],
  contentType: "application/xml; charset=utf-8",
  problemType: "application/problem+xml",
  extensions: ["xml"],
  listsOnly: false,
  streams: false,
  parse: (bytes, options) => codecs.xml.parseXml(bytes, options),
  stringify: (value) => codecs.xmlWrite.stringifyXml(value),
};

const yaml: Format = {
  name: "yaml",
  mediaTypes: ["application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml"],
  contentType: "application/yaml",
  extensions: ["yaml", "yml"],
  listsOnly: false,
  streams: false,
  parse: (bytes, options) => codecs.yaml.parseYaml(bytes, options?.limits),
  stringify: (value) => codecs.yaml.stringifyYaml(value),
};

const csv: Format = {
  name: "csv",
  mediaTypes: ["text/csv"],
  contentType: "text/csv; charset=utf-8; header=present",
  extensions: ["csv"],
  listsOnly: true,
  streams: true,
  parse: (bytes, options) => codecs.csvParse.parseCsv(bytes, options),
  stringify: (value) => codecs.csv.stringifyCsv(value),
  stream: (rows, options) => codecs.csv.streamCsv(rows, options),
};

const ndjson: Format = {
  name: "ndjson",
  mediaTypes: ["application/x-ndjson", "application/ndjson", "application/jsonl"],
  contentType: "application/x-ndjson",
  extensions: ["ndjson", "jsonl"],
  listsOnly: true,
  streams: true,
  parse: (bytes, options) => codecs.ndjson.parseNdjson(bytes, options?.limits),
  stringify: (value) => codecs.ndjson.stringifyNdjson(value),
  stream: (rows) => codecs.ndjson.streamNdjson(rows),
};

const msgpack: Format = {
  name: "msgpack",
  mediaTypes: ["application/msgpack", "application/vnd.msgpack", "application/x-msgpack"],
  contentType: "application/msgpack",
  extensions: ["msgpack"],
  listsOnly: false,
  streams: false,
  parse: (bytes, options) => codecs.msgpack.parseMsgpack(bytes, options?.limits),
  stringify: (value) => codecs.msgpack.stringifyMsgpack(value),
};

/** In the order the server prefers them; the first answers a client that does not say. */
export const formats: readonly Format[] = Object.freeze([json, xml, yaml, csv, ndjson, msgpack]);

const byExtension: ReadonlyMap<string, Format> = new Map(
  formats.flatMap((format) => format.extensions.map((extension) => [extension, format])),
);
const byMediaType: ReadonlyMap<string, Format> = new Map(
  formats.flatMap((format) => format.mediaTypes.map((type) => [type, format])),
);

/** By its extension without the dot, in lower case: `xml`, `yml`. */
export function formatByExtension(extension: string): Format | undefined {
  return byExtension.get(extension);
}

/** By its name. */
export function formatNamed(name: FormatName): Format {
  const found = formats.find((format) => format.name === name);
  if (found === undefined) throw new Error(`no format ${name}`);
  return found;
}

/** What a request's Content-Type says. */
export interface InputFormat {
  readonly format: Format;
  /** `merge`: RFC 7396. `jsonPatch`: RFC 6902. `problem`: RFC 9457. `plain`: the value itself. */
  readonly kind: "plain" | "merge" | "jsonPatch" | "problem";
  /** In lower case, without parameters. */
  readonly mediaType: string;
}

const KINDS: ReadonlyMap<string, InputFormat["kind"]> = new Map([
  ["application/merge-patch+json", "merge"],
  ["application/json-patch+json", "jsonPatch"],
  ["application/problem+json", "problem"],
  ["application/problem+xml", "problem"],
]);
const UTF8_NAMES: ReadonlySet<string> = new Set(["utf-8", "utf8", "us-ascii"]);
const CONTENT_TYPE_LENGTH_MAX = 256;
const inputs = new BoundedCache<InputFormat | FormatError>({ keyLengthMax: CONTENT_TYPE_LENGTH_MAX });

/**
 * The format of a body by its Content-Type. A suffix counts (`application/vnd.acme+json` is JSON). No header is
 * undefined: the channel decides whether a body without a type is JSON or refused.
 * Errors: 415 unsupported_media_type, unsupported_charset.
 */
export function inputFormat(contentType: string | null | undefined): InputFormat | FormatError | undefined {
  if (contentType === null || contentType === undefined || contentType === "") return undefined;
  const known = inputs.get(contentType);
  if (known !== undefined) return known;
  const found = contentType.length > CONTENT_TYPE_LENGTH_MAX ? unsupported() : readContentType(contentType);
  inputs.set(contentType, found);
  return found;
}

function readContentType(contentType: string): InputFormat | FormatError {
  const [first = "", ...parameters] = splitOutsideQuotes(contentType, ";");
  const mediaType = first.trim().toLowerCase();
  const format = byMediaType.get(mediaType) ?? bySuffix(mediaType);
  if (format === undefined) return unsupported();
  for (const parameter of parameters) {
    const match = /^\s*charset\s*=\s*"?([^"\s]*)"?\s*$/i.exec(parameter);
    if (match !== null && !UTF8_NAMES.has((match[1] ?? "").toLowerCase())) {
      return new FormatError(415, "unsupported_charset", "Bodies are accepted in UTF-8 only.");
    }
  }
  return Object.freeze({ format, kind: KINDS.get(mediaType) ?? "plain", mediaType });
}

function bySuffix(mediaType: string): Format | undefined {
  const match = /^application\/[a-z0-9][a-z0-9!#$&^_.+-]*\+(json|xml|yaml)$/.exec(mediaType);
  return match === null ? undefined : byExtension.get(match[1] as string);
}

function unsupported(): FormatError {
  const types = formats.map(({ mediaTypes }) => mediaTypes[0]).join(", ");
  return new FormatError(415, "unsupported_media_type", `The Content-Type of a body must be one of ${types}.`);
}

/** What the Accept header asks for. */
export interface OutputFormat {
  readonly format: Format;
  /** The client names a problem type: refusals are RFC 9457 documents of `format.problemType`. */
  readonly wantsProblem: boolean;
}

function negotiatorOf(offered: readonly Format[]): Negotiator<Format> {
  return new Negotiator(
    offered.map((format) => ({
      mediaTypes: format.problemType === undefined ? format.mediaTypes : [...format.mediaTypes, format.problemType],
      value: format,
    })),
  );
}

const single = negotiatorOf(formats.filter(({ listsOnly }) => !listsOnly));
const list = negotiatorOf(formats);
const outputs = { list: new BoundedCache<OutputFormat>(), single: new BoundedCache<OutputFormat>() };

/**
 * The format of an answer by the Accept header; undefined when nothing we have is acceptable (406). CSV and NDJSON
 * are offered for lists only. A client that accepts nothing but a problem type gets data in its base format.
 */
export function outputFormat(
  accept: string | null | undefined,
  { shape }: { readonly shape: "list" | "single" },
): OutputFormat | undefined {
  const header = accept ?? "";
  const known = outputs[shape].get(header);
  if (known !== undefined) return known;
  const format = (shape === "list" ? list : single).choose(header);
  if (format === undefined) return undefined;
  const output = Object.freeze({
    format,
    wantsProblem: format.problemType !== undefined && namesProblem(header, format.problemType),
  });
  outputs[shape].set(header, output);
  return output;
}

/** Named with a weight above zero; a wildcard does not name it. */
function namesProblem(header: string, problemType: string): boolean {
  const range = splitOutsideQuotes(header.toLowerCase(), ",").find((part) => part.trim().startsWith(problemType));
  return range !== undefined && !/;\s*q=0(?:\.0*)?\s*(?:;|$)/.test(range);
}
