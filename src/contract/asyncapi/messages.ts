/** Messages that are no calls of an operation: subscriptions and their events, batches, credentials, signs of life. */
import type { Contract } from "../contract.ts";
import type { Json } from "../openapi/components.ts";
import { batchItemsMax, type Schemas, verdictSchema } from "../openapi/schemas.ts";
import type { Receiving } from "./calls.ts";
import { conditionSchemas, correlated, idSchema, limitsSchema, refusalAnswer } from "./envelope.ts";
import { type DeclaredEvent, eventSchemaName, positionSchema } from "./events.ts";

const text: Json = { type: "string" };

const oneOrMany = (schema: Json): Json => ({ anyOf: [schema, { type: "array", items: schema }] });

/** What a subscriber may ask for, in a query string or in a message. */
export const subscribing = (contract: Contract, events: readonly DeclaredEvent[], where: "query" | "message"): Json => {
  const types = [...new Set(["*", ...events.flatMap(({ resource, type }) => [`${resource.name}.*`, type])])];
  const type = { type: "string", enum: types };
  const fields = [...new Set(events.flatMap(({ data }) => Object.keys(data)))];
  const shared = {
    types: { ...oneOrMany(type), description: "Types; all that the subscriber may see without it." },
    after: { ...positionSchema, description: "Goes on behind this position; without it, from now on." },
  };
  if (where === "message") {
    const values = oneOrMany({ type: ["string", "number", "boolean"] });
    const filters = {
      type: "object",
      description: "Fields of the data → the values of which an event has one.",
      properties: Object.fromEntries(fields.map((field) => [field, values])),
    };
    return { type: "object", properties: { ...shared, filters }, additionalProperties: false };
  }
  return {
    type: "object",
    properties: {
      ...shared,
      language: { ...text, description: "Of refusals." },
      ...Object.fromEntries(
        fields.map((field) => [
          `data.${field}`,
          { ...oneOrMany(text), description: `Value of \`${field}\` of ${contract.title} events.` },
        ]),
      ),
    },
  };
};

const message = (title: string, summary: string, payload: Json): Json => ({
  name: title,
  title,
  summary,
  ...correlated,
  payload,
});

const object = (properties: Json, required: readonly string[]): Json => ({
  type: "object",
  properties,
  required,
  additionalProperties: false,
});

const answer = (properties: Json): Json => ({
  type: "object",
  properties: { id: idSchema, success: { const: true }, status: { type: "integer" }, ...properties },
  required: ["success", "status", ...Object.keys(properties).filter((name) => name !== "limits")],
});

/** Messages and operations of a WebSocket beside the calls. */
export const controlMessages = (
  contract: Contract,
  schemas: Schemas,
  events: readonly DeclaredEvent[],
  eventNames: readonly string[],
): { readonly messages: Readonly<Record<string, Json>>; readonly operations: readonly Receiving[] } => {
  const refusal = refusalAnswer(schemas);
  const limits = limitsSchema(schemas);
  const { language, requestId } = conditionSchemas({ kind: "query" }) as Readonly<Record<"language" | "requestId", Json>>;
  const { idempotencyKey } = conditionSchemas({ kind: "command" }) as Readonly<Record<"idempotencyKey", Json>>;
  const verdicts = { type: "array", items: verdictSchema(schemas.components) };
  const batchFailed = {
    type: "object",
    description: "No call of the batch succeeded.",
    properties: {
      id: idSchema,
      success: { const: false },
      status: { const: 422 },
      error: { $ref: "#/components/schemas/RefusalAnswer/properties/error" },
      data: verdicts,
      limits,
    },
    required: ["id", "success", "status", "error", "data"],
  };
  const messages: Record<string, Json> = {
    refusal: message("Refusal", "What was sent is refused, or a subscription has ended.", refusal),
    batch: message(
      "Batch",
      "Several calls, all or none, or each by itself.",
      object(
        {
          id: idSchema,
          calls: {
            type: "array",
            maxItems: batchItemsMax,
            items: object(
              {
                id: { ...text, description: "What later calls refer to: `{a.data.id}`." },
                operation: text,
                input: { type: "object" },
              },
              ["operation"],
            ),
          },
          strategy: { enum: ["atomic", "independent"], default: "independent" },
          idempotencyKey,
          language,
          requestId,
        },
        ["id", "calls"],
      ),
    ),
    batchAnswer: message("Answer of a batch", "One verdict per call, in order.", {
      anyOf: [answer({ data: verdicts, limits }), batchFailed, refusal],
    }),
    authenticate: message(
      "Credentials",
      "Of the calls that come after it; within five seconds where the request that opened the connection had none.",
      object(
        {
          id: idSchema,
          authenticate: object(
            {
              authorization: { ...text, examples: ["Bearer pons_sandbox_…"] },
              apiKey: text,
              dpop: { ...text, description: "Proof for a token that is bound to a key (RFC 9449), of `GET` and this address." },
              csrfToken: { ...text, description: "Of a session whose cookie came with the request: needed for commands." },
              tenant: { ...text, description: "As `Pons-Tenant`." },
              actFor: object({ subject: text, reason: text }, ["subject"]),
            },
            [],
          ),
        },
        ["authenticate"],
      ),
    ),
    authenticated: message("Credentials are good", "Calls are made with them from now on.", {
      anyOf: [answer({ authenticated: { const: true } }), refusal],
    }),
    ping: message(
      "Sign of life",
      "Of the application; WebSocket's own pings are answered as well.",
      object({ id: idSchema, ping: true }, ["ping"]),
    ),
    pong: message("Sign of life, answered", "With the same value.", object({ id: idSchema, pong: true }, ["pong"])),
  };
  // No operation of a service has a hyphen in its name.
  const operations: Receiving[] = [
    {
      name: "connection-authenticate",
      title: "Show credentials",
      description: "A browser cannot set headers: its credentials come with a message.",
      receives: ["authenticate"],
      replies: ["authenticated"],
    },
    {
      name: "connection-batch",
      title: "Call several operations",
      description: "Each passes every step by itself.",
      receives: ["batch"],
      replies: ["batchAnswer"],
    },
    {
      name: "connection-ping",
      title: "Ask for a sign of life",
      description: "Costs nothing but the message.",
      receives: ["ping"],
      replies: ["pong"],
    },
  ];
  if (events.length === 0) return { messages, operations };
  messages["subscribe"] = message(
    "Subscribe",
    "Events come under the same id until they are unsubscribed from.",
    object({ id: idSchema, subscribe: subscribing(contract, events, "message"), language, requestId }, ["id", "subscribe"]),
  );
  messages["subscribed"] = message("Subscribed", "Says from where on.", {
    anyOf: [answer({ subscribed: object({ after: positionSchema }, ["after"]), limits }), refusal],
  });
  messages["event"] = message(
    "Event",
    "An event of a subscription.",
    object(
      { id: idSchema, event: { anyOf: events.map((event) => ({ $ref: `#/components/schemas/${eventSchemaName(event)}` })) } },
      ["id", "event"],
    ),
  );
  messages["unsubscribe"] = message(
    "Unsubscribe",
    "Ends a subscription.",
    object({ id: idSchema, unsubscribe: { const: true } }, ["id", "unsubscribe"]),
  );
  messages["unsubscribed"] = message("Unsubscribed", "No further event comes.", {
    anyOf: [answer({ unsubscribed: { const: true } }), refusal],
  });
  operations.push(
    {
      name: "connection-subscribe",
      title: "Subscribe to events",
      description: `Types: ${eventNames.length}. What the caller may not see does not come.`,
      receives: ["subscribe"],
      replies: ["subscribed", "event", "refusal"],
    },
    {
      name: "connection-unsubscribe",
      title: "Unsubscribe",
      description: "Ends a subscription by its id.",
      receives: ["unsubscribe"],
      replies: ["unsubscribed"],
    },
  );
  return { messages, operations };
};

/** The last words of an event stream. */
export const streamEnded: Json = {
  name: "end",
  title: "End of the stream",
  summary: "Why the server ends an event stream. A reader comes again, and is answered or refused anew.",
  payload: {
    type: "object",
    properties: {
      reason: {
        type: "string",
        description: "`shutdown`, `slow_consumer`, or the type of the refusal.",
        examples: ["invalid_credentials"],
      },
      error: { $ref: "#/components/schemas/RefusalAnswer/properties/error" },
      retryAfter: { type: "integer", minimum: 0 },
    },
    required: ["reason"],
  },
};
