/**
 * NDJSON: one JSON text per line, each under the rules of json.ts. Lines end with LF or CRLF; blank lines are skipped.
 * As a body it is a list; as a stream, in and out, it is never held as a whole.
 */
import { FormatError } from "../../http/format-error.ts";
import { parseJson, stringifyJson } from "./json.ts";
import { defaultLimits, tooLarge, tooMany } from "./plain.ts";
import type { FormatLimits, Parsed, PlainValue } from "./plain.ts";
import { streamRows } from "./row-stream.ts";

const LF = 0x0a;

/** Limits of a streamed body: its size as a whole is the channel's business, that of a line is this. */
export interface LineLimits extends FormatLimits {
  /** Bytes of one line without its end; beyond it 413 `too_large`. */
  readonly lineBytesMax: number;
}

/** As for a body, with lines of at most 1 MiB. */
export const defaultLineLimits: LineLimits = Object.freeze({ ...defaultLimits, lineBytesMax: 1024 * 1024 });

/**
 * A whole body as a list; the first bad line refuses it, and `at.line` says which.
 * Errors: those of parseJson, and 413 too_large for more than `nodesMax` lines.
 */
export function parseNdjson(bytes: Uint8Array, limits: FormatLimits = defaultLimits): Parsed<PlainValue[]> {
  if (bytes.length > limits.bytesMax) return tooLarge(limits);
  const values: PlainValue[] = [];
  let line = 0;
  for (let start = 0; start < bytes.length;) {
    if (bytes[start] === LF) {
      // An empty line without a look further: a body of nothing else costs a step each.
      start++;
      line++;
      continue;
    }
    const found = bytes.indexOf(LF, start);
    const end = found === -1 ? bytes.length : found;
    line++;
    const text = bytes.subarray(start, end);
    start = end + 1;
    if (isBlank(text)) continue;
    if (values.length === limits.nodesMax) return tooMany(limits);
    const value = parseJson(text, limits);
    if (value instanceof FormatError) return onLine(value, line);
    values.push(value);
  }
  return values;
}

/**
 * A streamed body, a verdict per line: the value, or the FormatError of that line, after which the next lines still
 * come. Only a line longer than `lineBytesMax` ends it, since its end cannot be awaited: that error is the last.
 */
export async function* readNdjson(
  chunks: AsyncIterable<Uint8Array>,
  limits: LineLimits = defaultLineLimits,
): AsyncGenerator<Parsed, void, undefined> {
  /** The pieces of a line whose end has not come; joined once, so that small chunks do not cost their square. */
  let pieces: Uint8Array[] = [];
  let size = 0;
  let line = 0;
  const take = (last: Uint8Array): Uint8Array => {
    const whole = pieces.length === 0 ? last : new Uint8Array(Buffer.concat([...pieces, last]));
    pieces = [];
    size = 0;
    return whole;
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(LF); ; end = chunk.indexOf(LF, start)) {
      const stop = end === -1 ? chunk.length : end;
      if (size + stop - start > limits.lineBytesMax) {
        yield onLine(new FormatError(413, "too_large", `A line is longer than ${limits.lineBytesMax} bytes.`), line + 1);
        return;
      }
      if (end === -1) break;
      line++;
      const text = take(chunk.subarray(start, end));
      start = end + 1;
      if (!isBlank(text)) yield verdict(text, line, limits);
    }
    if (start < chunk.length) {
      // A copy: the source may use its chunk again.
      pieces.push(chunk.slice(start));
      size += chunk.length - start;
    }
  }
  const rest = take(new Uint8Array(0));
  if (!isBlank(rest)) yield verdict(rest, line + 1, limits);
}

function verdict(text: Uint8Array, line: number, limits: FormatLimits): Parsed {
  const value = parseJson(text, limits);
  return value instanceof FormatError ? onLine(value, line) : value;
}

function isBlank(text: Uint8Array): boolean {
  for (let index = 0; index < text.length; index++) {
    const byte = text[index];
    if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0d) return false;
  }
  return true;
}

function onLine({ status, type, message, at }: FormatError, line: number): FormatError {
  const column = at?.column;
  return new FormatError(
    status,
    type === "invalid_json" ? "invalid_ndjson" : type,
    message,
    column === undefined ? { line } : { line, column },
  );
}

/** A list as text, each line ended by LF; a value that is no list is one line. */
export function stringifyNdjson(value: PlainValue): string {
  let text = "";
  for (const item of Array.isArray(value) ? value : [value]) text += `${stringifyJson(item)}\n`;
  return text;
}

/** Rows as a byte stream; see row-stream.ts for backpressure, cancelling and errors. */
export function streamNdjson(rows: AsyncIterable<PlainValue>): ReadableStream<Uint8Array<ArrayBuffer>> {
  return streamRows(rows, { encode: (row) => `${stringifyJson(row)}\n` });
}
