/** From the message of a method to the input of a call. */
import type { Message, RpcMethod } from "../../contract/protobuf/index.ts";
import { ProtobufError } from "../../contract/protobuf/index.ts";
import type { Input } from "../../pipeline/call.ts";
import { type Refusal, refuse } from "../../pipeline/refusal.ts";
import type { Conditions } from "./conditions.ts";

export interface Asked extends Conditions {
  readonly input: Input;
}

/** Reads a request. Refusals: 400 invalid_body, too_deep, invalid_encoding. */
export const requestOf = (method: RpcMethod, bytes: Uint8Array): Message | Refusal => {
  try {
    return method.input.decode(bytes);
  } catch (error) {
    if (error instanceof ProtobufError) return refusalOfMessage(error);
    throw error;
  }
};

/** What is wrong with a message, as a refusal. */
export const refusalOfMessage = (error: ProtobufError): Refusal =>
  refuse(error.reason === "too_deep" ? "too_deep" : error.reason === "invalid_utf8" ? "invalid_encoding" : "invalid_body", {
    details: { reason: error.reason, explanation: error.message, ...(error.at === undefined ? {} : { at: error.at }) },
  });

/** The input of the call; of a `…Stream`, of one item of it, with the conditions it names. Refusals: 422, of what a message cannot say by its form. */
export const inputOf = (_method: RpcMethod, message: Message): Asked | Refusal => ({ input: { body: message } });
