/**
 * HTTP/2 by hand (RFC 9113), as a client that keeps to no rule: frames as bytes, header fields as literals without indexing and without Huffman
 * (RFC 7541 section 6.2.2), so that any byte may stand in a name or a value.
 */
import { Wire } from "./wire.ts";

export type Field = readonly [name: string, value: string];

const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const types = { data: 0, headers: 1, reset: 3, settings: 4, ping: 6, goaway: 7, window: 8, continuation: 9 } as const;
export const flags = { endStream: 1, ack: 1, endHeaders: 4 } as const;

const frame = (type: number, flag: number, stream: number, payload: Uint8Array): Buffer => {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flag, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
};

/** An integer of a 7-bit prefix (RFC 7541 section 5.1). */
const integer = (value: number): number[] => {
  if (value < 127) return [value];
  const bytes = [127];
  let rest = value - 127;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return [...bytes, rest];
};

const text = (value: string): Buffer => Buffer.concat([Buffer.from(integer(value.length)), Buffer.from(value, "latin1")]);

export const headersFrame = (stream: number, fields: readonly Field[], flag: number): Buffer =>
  frame(
    types.headers,
    flag,
    stream,
    Buffer.concat(fields.flatMap(([name, value]) => [Buffer.from([0]), text(name), text(value)])),
  );

export const dataFrame = (stream: number, data: string, flag: number): Buffer =>
  frame(types.data, flag, stream, Buffer.from(data));
export const resetFrame = (stream: number): Buffer => frame(types.reset, 0, stream, Buffer.from([0, 0, 0, 8]));
export const continuationFrame = (stream: number, bytes: number): Buffer =>
  frame(types.continuation, 0, stream, Buffer.alloc(bytes, "a"));
export const pingFrame = (): Buffer => frame(types.ping, 0, 0, Buffer.alloc(8));
export const settingsFrame = (): Buffer => frame(types.settings, 0, 0, Buffer.alloc(0));

/** What came back: streams with an answer's headers, streams that were reset, and whether the connection was ended. */
export interface Outcome {
  readonly answered: ReadonlySet<number>;
  readonly reset: ReadonlySet<number>;
  readonly isEnded: boolean;
  /** Everything in DATA frames, by stream. */
  readonly data: ReadonlyMap<number, string>;
}

/** Sends frames after the preface and listens for a time, or until `until` streams were answered or reset. */
export const exchange = async (
  port: number,
  frames: readonly Uint8Array[],
  options: { readonly withinMs: number; readonly until: number },
): Promise<Outcome> => {
  const wire = await Wire.open(port);
  wire.send(preface);
  wire.send(settingsFrame());
  for (const one of frames) wire.send(one);
  const answered = new Set<number>();
  const reset = new Set<number>();
  const data = new Map<number, string>();
  let isEnded = false;
  const end = performance.now() + options.withinMs;
  let at = 0;
  while (performance.now() < end && !isEnded && answered.size + reset.size < options.until) {
    await wire.more(end - performance.now());
    const bytes = Buffer.from(wire.surplus);
    while (bytes.length >= at + 9 && bytes.length >= at + 9 + bytes.readUIntBE(at, 3)) {
      const length = bytes.readUIntBE(at, 3);
      const type = bytes.readUInt8(at + 3);
      const stream = bytes.readUInt32BE(at + 5);
      const payload = bytes.subarray(at + 9, at + 9 + length);
      if (type === types.headers) answered.add(stream);
      else if (type === types.data) data.set(stream, (data.get(stream) ?? "") + payload.toString("latin1"));
      else if (type === types.reset) reset.add(stream);
      else if (type === types.goaway) isEnded = true;
      at += 9 + length;
    }
    isEnded ||= wire.isClosed;
  }
  wire.close();
  return { answered, reset, isEnded, data };
};
