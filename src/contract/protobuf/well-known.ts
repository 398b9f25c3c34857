/** google.protobuf.Timestamp and FieldMask, and the names they are made of. */
import { ProtobufError } from "./proto-service.ts";
import { type Reader, type Writer, wireTypes } from "./wire.ts";

const firstVarint = (1 << 3) | wireTypes.varint;
const secondVarint = (2 << 3) | wireTypes.varint;
const firstBytes = (1 << 3) | wireTypes.bytes;

/** 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z, in seconds since the epoch. */
const secondsMin = -62_135_596_800;
const secondsMax = 253_402_300_799;
const nanosMax = 999_999_999;

/** Milliseconds of an RFC 3339 text; NaN where it is none. */
const millisecondsOf = (text: string): number => {
  // As contracts write it: 2026-01-31T09:30:00.000Z.
  if (text.length === 24 && text.charCodeAt(23) === 90 && text.charCodeAt(10) === 84) return Date.parse(text);
  return /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/.test(text)
    ? Date.parse(text.toUpperCase())
    : Number.NaN;
};

/** Writes a moment behind its tag; a text that is none (a masked one) is left out. */
export const writeTimestamp = (writer: Writer, tag: number, text: string): void => {
  const milliseconds = millisecondsOf(text);
  if (Number.isNaN(milliseconds)) return;
  const seconds = Math.floor(milliseconds / 1000);
  const nanos = (milliseconds - seconds * 1000) * 1_000_000;
  writer.uint32(tag);
  const start = writer.begin();
  if (seconds !== 0) {
    writer.uint32(firstVarint);
    writer.int64(seconds);
  }
  if (nanos !== 0) {
    writer.uint32(secondVarint);
    writer.uint32(nanos);
  }
  writer.end(start);
};

const outOfRange = (): ProtobufError => new ProtobufError("out_of_range", "A timestamp is not within the years 0001 to 9999.");

/** A moment in UTC with milliseconds, or with as many digits as it has beyond them: those the acceptor cuts off, as it does everywhere. */
export const readTimestamp = (reader: Reader): string => {
  const outer = reader.enter();
  let seconds: number | string = 0;
  let nanos: number | string = 0;
  while (reader.at < reader.end) {
    const found = reader.uint32();
    if (found === firstVarint) seconds = reader.int64();
    else if (found === secondVarint) nanos = reader.int64();
    else if (reader.isStrict) throw new ProtobufError("unknown_field", `google.protobuf.Timestamp has no field ${found >>> 3}.`);
    else reader.skip(found & 7);
  }
  reader.leave(outer);
  if (typeof seconds === "string" || typeof nanos === "string") throw outOfRange();
  if (seconds < secondsMin || seconds > secondsMax || nanos < 0 || nanos > nanosMax) throw outOfRange();
  const milliseconds = Math.floor(nanos / 1_000_000);
  const text = new Date(seconds * 1000 + milliseconds).toISOString();
  const rest = nanos - milliseconds * 1_000_000;
  return rest === 0 ? text : `${text.slice(0, -1)}${String(rest).padStart(6, "0")}Z`;
};

/** `debitsPosted` → `debits_posted`; each capital has its underscore, so that the way back is exact. */
export const snakeCase = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** `debits_posted` → `debitsPosted`. */
export const camelCase = (name: string): string =>
  name.includes("_") ? name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase()) : name;

export const writeMask = (writer: Writer, paths: readonly unknown[]): void => {
  const start = writer.begin();
  for (const path of paths) {
    if (typeof path !== "string") continue;
    writer.uint32(firstBytes);
    writer.string(snakeCase(path));
  }
  writer.end(start);
};

/** Paths in camelCase, added to `paths`. */
export const readMask = (reader: Reader, paths: string[]): string[] => {
  const outer = reader.enter();
  while (reader.at < reader.end) {
    const found = reader.uint32();
    if (found === firstBytes) {
      reader.count();
      paths.push(camelCase(reader.string()));
    } else if (reader.isStrict)
      throw new ProtobufError("unknown_field", `google.protobuf.FieldMask has no field ${found >>> 3}.`);
    else reader.skip(found & 7);
  }
  reader.leave(outer);
  return paths;
};

/** `2026-01-31T09:30:00+02:00`, as the JSON form of a Timestamp may be, in UTC with milliseconds; undefined where it is none. */
export const momentOf = (text: string): string | undefined => {
  const milliseconds = millisecondsOf(text);
  return Number.isNaN(milliseconds) ? undefined : new Date(milliseconds).toISOString();
};
