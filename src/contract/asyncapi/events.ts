/** Events as messages: CloudEvents 1.0.2 in their JSON format, of each type of a contract. */
import type { Fields } from "../../define/field.ts";
import type { Contract, ResourceContract } from "../contract.ts";
import { fieldSchema } from "../json-schema.ts";
import type { Json } from "../openapi/components.ts";
import { pascal } from "../openapi/names.ts";
import type { Schemas } from "../openapi/schemas.ts";

export interface DeclaredEvent {
  /** Key in the document: `accountsOpened`. */
  readonly name: string;
  /** As one subscribes to it: `accounts.opened`. */
  readonly type: string;
  /** As a CloudEvent calls it: `bank.accounts.opened`. */
  readonly cloudType: string;
  readonly doc: string;
  readonly resource: ResourceContract;
  readonly data: Fields;
}

/** Every event of a contract, in the order of the definition. */
export const declaredEvents = (contract: Contract): readonly DeclaredEvent[] =>
  [...contract.resources.values()].flatMap((resource) =>
    Object.entries(resource.events).map(([event, { doc, data }]) => ({
      name: `${resource.name}${pascal(event)}`,
      type: `${resource.name}.${event}`,
      cloudType: `${contract.service}.${resource.name}.${event}`,
      doc: doc ?? `${resource.name}: ${event}.`,
      resource,
      data,
    })),
  );

export const positionSchema: Json = {
  type: "string",
  pattern: "^(?:0|[1-9][0-9]*)(?:-(?:0|[1-9][0-9]*))?$",
  description: "A position in the stream: `123-0` is one event, `123` all that was committed with it.",
  examples: ["123-0"],
};

/** What an event tells. A field that the subscriber may not read is masked or missing. */
const dataSchema = ({ data, name, doc }: DeclaredEvent, contract: Contract, schemas: Schemas): Json =>
  schemas.components.ref("schemas", `${pascal(name)}Data`, () => ({
    type: "object",
    description: `${doc} What the subscriber may not read is masked or missing.`,
    properties: Object.fromEntries(
      Object.entries(data).map(([field, own]) => {
        const options = {
          direction: "output",
          name: field,
          prefixOf: (resource: string) => contract.resources.get(resource)?.prefix,
        } as const;
        const { readOnly: _, ...schema } = fieldSchema(own, options);
        return [field, schema];
      }),
    ),
  }));

/** `data` is left out where `dataref` stands for it. */
const cloudEventSchema = (event: DeclaredEvent, contract: Contract, schemas: Schemas): Json =>
  schemas.components.ref("schemas", `${pascal(event.name)}Event`, () => ({
    type: "object",
    description: event.doc,
    properties: {
      specversion: { const: "1.0" },
      id: positionSchema,
      source: { type: "string", format: "uri-reference", description: "Whose event it is; with `id` unique for good." },
      type: { const: event.cloudType },
      subject: { type: "string", description: `Id of the ${event.resource.singular} that it is about.` },
      time: { type: "string", format: "date-time", description: "When it was committed, UTC." },
      datacontenttype: { const: "application/json" },
      sequence: { ...positionSchema, description: "The same as `id`: events of a source are in this order." },
      data: dataSchema(event, contract, schemas),
    },
    required: ["specversion", "id", "source", "type", "time", "data"],
  }));

export const eventSchemaName = ({ name }: DeclaredEvent): string => `${pascal(name)}Event`;

const head = (event: DeclaredEvent): Json => ({
  name: event.type,
  title: event.cloudType,
  summary: event.doc,
  contentType: "application/cloudevents+json",
});

/** An event as an event stream has it. */
export const eventMessage = (event: DeclaredEvent, contract: Contract, schemas: Schemas): Json => ({
  ...head(event),
  payload: cloudEventSchema(event, contract, schemas),
});

/** The headers of Standard Webhooks 1.0.0. */
const webhookHeaders = (schemas: Schemas): Json =>
  schemas.components.ref("schemas", "WebhookHeaders", () => ({
    type: "object",
    properties: {
      "webhook-id": { type: "string", description: "The same at every attempt: who has seen it has seen the delivery." },
      "webhook-timestamp": {
        type: "string",
        pattern: "^[0-9]+$",
        description: "When this attempt was sent, in seconds since the epoch.",
      },
      "webhook-signature": {
        type: "string",
        description:
          "Of `{id}.{timestamp}.{body}`: `v1,` and HMAC-SHA256, or `v1a,` and Ed25519, in base64; several while secrets overlap.",
      },
    },
    required: ["webhook-id", "webhook-timestamp", "webhook-signature"],
  }));

/** An event as a webhook: one that is too large comes without its data, with the address where they are found. */
export const webhookMessage = (event: DeclaredEvent, schemas: Schemas): Json => ({
  ...head(event),
  headers: webhookHeaders(schemas),
  payload: {
    anyOf: [
      { $ref: `#/components/schemas/${eventSchemaName(event)}` },
      schemas.components.ref("schemas", "EventWithoutData", () => ({
        type: "object",
        description: "An event of more than 20,000 bytes.",
        properties: {
          specversion: { const: "1.0" },
          id: positionSchema,
          source: { type: "string", format: "uri-reference" },
          type: { type: "string" },
          subject: { type: "string" },
          time: { type: "string", format: "date-time" },
          sequence: positionSchema,
          dataref: { type: "string", format: "uri-reference", description: "Where the data are found." },
        },
        required: ["specversion", "id", "source", "type", "time", "dataref"],
      })),
    ],
  },
});
