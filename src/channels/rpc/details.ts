/**
 * google.rpc.Status and its details (googleapis, google/rpc/status.proto and error_details.proto), as far as refusals have them. Their numbers are Google's.
 */
import type { FieldModel, FieldType, MessageModel, MessageType } from "../../contract/protobuf/index.ts";
import { standaloneMessage } from "../../contract/protobuf/index.ts";

const string: FieldType = { kind: "string" };

const field = (
  name: string,
  number: number,
  type: FieldType = string,
  presence: FieldModel["presence"] = "implicit",
): FieldModel => ({
  name,
  protoName: name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
  number,
  type,
  presence,
  doc: "",
});

const model = (fullName: string, fields: FieldModel[]): MessageModel => ({
  name: fullName.slice(fullName.lastIndexOf(".") + 1),
  fullName,
  doc: "",
  fields,
  messages: [],
  enums: [],
  reserved: { numbers: [], names: [] },
});

const list = (of: MessageModel): FieldType => ({ kind: "message", of });

const duration = model("google.protobuf.Duration", [
  field("seconds", 1, { kind: "int64" }),
  field("nanos", 2, { kind: "int32" }),
]);
/** A map is a list of pairs on the wire. */
const pair = model("google.rpc.ErrorInfo.MetadataEntry", [field("key", 1), field("value", 2)]);
const any = model("google.protobuf.Any", [field("typeUrl", 1), field("value", 2, { kind: "bytes" })]);
const violation = model("google.rpc.BadRequest.FieldViolation", [field("field", 1), field("description", 2), field("reason", 3)]);
const quotaViolation = model("google.rpc.QuotaFailure.Violation", [field("subject", 1), field("description", 2)]);

const messages = {
  status: model("google.rpc.Status", [
    field("code", 1, { kind: "int32" }),
    field("message", 2),
    field("details", 3, list(any), "repeated"),
  ]),
  errorInfo: model("google.rpc.ErrorInfo", [
    field("reason", 1),
    field("domain", 2),
    field("metadata", 3, list(pair), "repeated"),
  ]),
  badRequest: model("google.rpc.BadRequest", [field("fieldViolations", 1, list(violation), "repeated")]),
  retryInfo: model("google.rpc.RetryInfo", [field("retryDelay", 1, { kind: "message", of: duration }, "explicit")]),
  quotaFailure: model("google.rpc.QuotaFailure", [field("violations", 1, list(quotaViolation), "repeated")]),
  localizedMessage: model("google.rpc.LocalizedMessage", [field("locale", 1), field("message", 2)]),
  requestInfo: model("google.rpc.RequestInfo", [field("requestId", 1)]),
} as const;

type Name = keyof typeof messages;

const types = new Map<Name, MessageType>();

/** One of them, compiled when it is first used. */
export const googleMessage = (name: Name): MessageType => {
  let type = types.get(name);
  if (type === undefined) types.set(name, (type = standaloneMessage(messages[name])));
  return type;
};
