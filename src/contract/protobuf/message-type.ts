/** A message with its codec, compiled when it is first used: a service has hundreds. */
import { type CompiledMessage, type Compiler, decodeMessage, encodeMessage } from "./codec.ts";
import { messageFromJson, messageToJson } from "./json.ts";
import type { MessageModel } from "./model.ts";
import type { MessageType } from "./proto-service.ts";
import type { ReaderOptions } from "./wire.ts";

/** Values of lists, and messages, in one request. */
const requestPartsMax = 100_000;

/** What a message is for: `patch`: what is not there stays as it is. */
export type Purpose = "request" | "patch" | "response";

const readers: Readonly<Record<Purpose, ReaderOptions>> = {
  request: { isStrict: true, partsMax: requestPartsMax, fillsLists: true },
  patch: { isStrict: true, partsMax: requestPartsMax, fillsLists: false },
  response: { isStrict: false, partsMax: Number.MAX_SAFE_INTEGER, fillsLists: true },
};

export const messageTypeOf = (model: MessageModel, compiler: Compiler, purpose: Purpose): MessageType => {
  const options = readers[purpose];
  let compiled: CompiledMessage | undefined;
  return {
    name: model.name,
    fullName: model.fullName,
    decode: (bytes) => decodeMessage((compiled ??= compiler.message(model)), bytes, options),
    encode: (value, headroom = 0) => encodeMessage((compiled ??= compiler.message(model)), value, headroom),
    fromJson: (json) => messageFromJson(model, json, { fills: options.fillsLists }),
    toJson: (value) => messageToJson(model, value),
  };
};
