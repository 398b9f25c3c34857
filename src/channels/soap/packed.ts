/** Answers in the coding that the caller takes, where they are worth it: a list, a WSDL. */
import type { HttpExchange } from "../http/index.ts";
import { compress } from "../rest/compress.ts";

/** Below, the header would eat what is gained. */
const bytesMin = 1_024;

/** A text as an answer. */
export const packed = (
  { headers: asked }: Pick<HttpExchange, "headers">,
  text: string,
  headers: Record<string, string>,
): Response | Promise<Response> => {
  const compressed =
    text.length < bytesMin ? undefined : compress(text, { acceptEncoding: asked.get("accept-encoding"), bytesMin });
  if (compressed === undefined) return new Response(text, { headers });
  const answer = (bytes: Uint8Array): Response =>
    new Response(bytes as Uint8Array<ArrayBuffer>, { headers: { ...headers, "Content-Encoding": compressed.coding } });
  return compressed.bytes instanceof Promise ? compressed.bytes.then(answer) : answer(compressed.bytes);
};
