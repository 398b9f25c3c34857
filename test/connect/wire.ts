/** Requests of Connect and gRPC-Web byte by byte. */
import type { Bazaar } from "./bazaar.ts";

export interface Frame {
  readonly flags: number;
  readonly data: Uint8Array;
  readonly text: string;
}

/** A message with its header. */
export const framed = (bytes: Uint8Array, flags = 0): Uint8Array<ArrayBuffer> => {
  const frame = new Uint8Array(5 + bytes.length);
  frame[0] = flags;
  new DataView(frame.buffer).setUint32(1, bytes.length);
  frame.set(bytes, 5);
  return frame;
};

export const framesOf = (bytes: Uint8Array): readonly Frame[] => {
  const frames: Frame[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at < bytes.length;) {
    const length = view.getUint32(at + 1);
    const data = bytes.subarray(at + 5, at + 5 + length);
    frames.push({ flags: bytes[at] ?? 0, data, text: Buffer.from(data).toString() });
    at += 5 + length;
  }
  return frames;
};

export interface Posting {
  readonly type?: string;
  readonly key?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly method?: string;
  readonly version?: string;
  readonly body?: string | Uint8Array | ReadableStream<Uint8Array>;
  readonly signal?: AbortSignal;
}

/** Posts to a method of the bazaar; as a seller unless said otherwise. */
export const post = (bazaar: Bazaar, method: string, posting: Posting = {}): Promise<Response> => {
  const { type = "application/json", headers = {}, version = "v2" } = posting;
  const key = "key" in posting ? posting.key : bazaar.seller;
  return fetch(`${bazaar.origin}/bazaar.${version}.BazaarService/${method}`, {
    method: posting.method ?? "POST",
    headers: {
      ...(type === "" ? {} : { "content-type": type }),
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      ...headers,
    },
    ...(posting.body === undefined ? {} : { body: posting.body as Uint8Array<ArrayBuffer> }),
    ...(posting.signal === undefined ? {} : { signal: posting.signal }),
  });
};

export interface Told {
  readonly code: string;
  readonly message: string;
  readonly details: readonly { readonly type: string; readonly value: string; readonly debug: Record<string, unknown> }[];
}

/** The refusal's type, as its ErrorInfo has it. */
export const reasonOf = ({ details }: Told): unknown =>
  details.find(({ type }) => type === "google.rpc.ErrorInfo")?.debug["reason"];

/** Status, code and type of a refused call. */
export const refusedWith = async (asked: Promise<Response>): Promise<readonly unknown[]> => {
  const response = await asked;
  const told = (await response.json()) as Told;
  return [response.status, told.code, reasonOf(told)];
};

/** What the last frame of a Connect stream says. */
export const endOf = (frames: readonly Frame[]): { readonly error?: Told; readonly metadata?: unknown } => {
  const last = frames.at(-1);
  if (last?.flags !== 2) throw new Error(`the stream did not end: ${JSON.stringify(frames.map(({ flags }) => flags))}`);
  return JSON.parse(last.text) as { error?: Told };
};
