/** What messages of a WebSocket have in common. */
import type { Operation } from "../contract.ts";
import type { Json } from "../openapi/components.ts";
import type { Schemas } from "../openapi/schemas.ts";

/** The id that a message has, and its answers. */
export const idSchema: Json = {
  type: "string",
  minLength: 1,
  maxLength: 128,
  description: "Chosen by the client; the answer has the same.",
};

/** Which answer belongs to which message. */
export const correlated: Json = { correlationId: { description: "The client's own id.", location: "$message.payload#/id" } };

const text: Json = { type: "string" };

/** What a message may say of how it is to be taken. */
export const conditionSchemas = ({ kind }: Pick<Operation, "kind">): Json => ({
  ...(kind === "command"
    ? {
        idempotencyKey: {
          type: "string",
          minLength: 1,
          maxLength: 255,
          description: "The same call with the same key has one effect.",
        },
        ifMatch: { ...text, description: "Entity tags, or `*`: the row is changed only as it was read." },
      }
    : {}),
  language: { ...text, description: "Of messages in the answer; the connection's own without it.", examples: ["de"] },
  requestId: { type: "string", maxLength: 128, description: "For the record; one is made without it." },
});

/** Limits of the caller's plan, as they stand behind a call. */
export const limitsSchema = (schemas: Schemas): Json =>
  schemas.components.ref("schemas", "Limits", () => ({
    type: "array",
    description: "Limits of the caller's plan, the tightest first.",
    items: {
      type: "object",
      properties: {
        name: text,
        quota: { type: "integer" },
        windowSeconds: { type: "number" },
        remaining: { type: "integer" },
        resetSeconds: { type: "number", description: "Until more is available." },
      },
      required: ["name", "quota", "remaining"],
    },
  }));

/** A refusal under the id of what was refused. */
export const refusalAnswer = (schemas: Schemas): Json =>
  schemas.components.ref("schemas", "RefusalAnswer", () => ({
    type: "object",
    properties: {
      id: { ...idSchema, description: "Absent where the message had none that could be read." },
      success: { const: false },
      status: { type: "integer", minimum: 400, maximum: 599, examples: [422] },
      error: {
        type: "object",
        properties: {
          code: { type: "integer", description: "The same as `status`." },
          type: { type: "string", description: "Stable and machine readable.", examples: ["validation_failed"] },
          message: { type: "string", description: "In the language of the answer." },
          requestId: { type: "string", description: "To be named to support." },
          details: { type: "object", additionalProperties: true },
        },
        required: ["code", "type", "message", "requestId"],
      },
      data: {
        type: "object",
        description: "Field → what is wrong with it.",
        additionalProperties: { type: "array", items: text },
      },
      retryAfter: { type: "integer", minimum: 0, description: "Seconds after which it may be tried again." },
      ended: { const: true, description: "A subscription that was open has ended." },
      replayed: { const: true },
      limits: limitsSchema(schemas),
    },
    required: ["success", "status", "error"],
  }));
