/** Messages of a method in either codec, from and to bytes. */
import type { Message, RpcMethod } from "../../contract/protobuf/index.ts";
import { ProtobufError } from "../../contract/protobuf/index.ts";
import type { Refusal } from "../../pipeline/refusal.ts";
import { FormatError, refusalOfFormat } from "../http/index.ts";
import { parseJson } from "../rest/formats/json.ts";
import { type Asked, inputOf, refusalOfMessage } from "../rpc/index.ts";
import type { Codec } from "./form.ts";
import { connectLimits } from "./limits.ts";

const jsonLimits = Object.freeze({
  bytesMax: connectLimits.messageBytesMax,
  depthMax: connectLimits.jsonDepthMax,
  nodesMax: connectLimits.jsonPartsMax,
});

const encoder = new TextEncoder();

/** Reads a request. A refusal has no `input`. */
export const askedOf = (method: RpcMethod, codec: Codec, bytes: Uint8Array): Asked | Refusal => {
  try {
    if (codec === "proto") return inputOf(method, method.input.decode(bytes));
    const json = parseJson(bytes, jsonLimits);
    return json instanceof FormatError ? refusalOfFormat(json) : inputOf(method, method.input.fromJson(json));
  } catch (error) {
    if (error instanceof ProtobufError) return refusalOfMessage(error);
    throw error;
  }
};

/** Writes an answer, behind `headroom` zero bytes. */
export const encoded = (method: RpcMethod, codec: Codec, message: Message, headroom = 0): Uint8Array => {
  if (codec === "proto") return method.output.encode(message, headroom);
  const text = encoder.encode(JSON.stringify(method.output.toJson(message)));
  if (headroom === 0) return text;
  const bytes = new Uint8Array(headroom + text.length);
  bytes.set(text, headroom);
  return bytes;
};
