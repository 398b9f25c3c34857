/**
 * The AsyncAPI 3.1 document of one version of a service: its events, however they are heard (Server-Sent Events, WebSocket, webhooks), and its operations as they
 * are called over a WebSocket. Made from the contract alone, and always the same for the same contract and origin.
 *
 *   asyncApiOf(contract, "v2", { origin: "https://api.example.com" })
 *
 * It describes the server: what it sends a client receives.
 */
import type { Contract } from "../contract.ts";
import { Components, type Json } from "../openapi/components.ts";
import { Schemas } from "../openapi/schemas.ts";
import { versionView } from "../versions.ts";
import { callOperations } from "./calls.ts";
import { declaredEvents, eventMessage, webhookMessage } from "./events.ts";
import { controlMessages, streamEnded, subscribing } from "./messages.ts";

export interface AsyncApiOptions {
  /** `https://api.example.com`: where the service is reached. */
  readonly origin: string;
}

const ref = (path: string): Json => ({ $ref: `#/${path}` });

const securitySchemes: Json = {
  bearer: { type: "http", scheme: "bearer", description: "An API key, or an access token of OAuth 2." },
  apiKey: { type: "httpApiKey", in: "header", name: "X-Api-Key", description: "The same API key in a header of its own." },
  session: {
    type: "httpApiKey",
    in: "cookie",
    name: "__Host-pons",
    description:
      "A browser's session, of pages of the same origin. Commands over a WebSocket need its CSRF token as well, by `authenticate`.",
  },
  message: {
    type: "userPassword",
    description: "Over a WebSocket credentials may come with the first message instead, `authenticate`.",
  },
};

const serversOf = (origin: string, base: string, hasWebhooks: boolean): Json => {
  const { protocol, host } = new URL(origin);
  const isSecure = protocol === "https:";
  const security = ["bearer", "apiKey", "session"].map((name) => ref(`components/securitySchemes/${name}`));
  return {
    events: {
      host,
      pathname: base,
      protocol: isSecure ? "https" : "http",
      title: "Server-Sent Events",
      description: "Events for `EventSource` (WHATWG HTML, section 9.2).",
      security,
    },
    socket: {
      host,
      pathname: base,
      protocol: isSecure ? "wss" : "ws",
      protocolVersion: "13",
      title: "WebSocket",
      description: "Subprotocol `pons.v1`: JSON messages, one object each, answered under their `id` as they are ready.",
      security: [...security, ref("components/securitySchemes/message")],
    },
    ...(hasWebhooks
      ? {
          webhooks: {
            host: "{host}",
            protocol: "https",
            title: "Your own server",
            description: "Webhooks are sent to the address of an endpoint that an app has registered.",
            variables: { host: { description: "Host of the endpoint's address.", examples: ["hooks.example.com"] } },
          },
        }
      : {}),
  };
};

const prose = (hasEvents: boolean): string =>
  [
    "Calls over a WebSocket, and events by WebSocket, Server-Sent Events and webhooks.",
    ...(hasEvents
      ? [
          "An event is a CloudEvent; its `id` is its position. Who comes again with `after`, or with `Last-Event-ID`, goes on behind it: nothing is lost and nothing comes twice. A subscriber hears of what it may see, with the fields that it may read.",
        ]
      : []),
  ].join("\n\n");

/** The document. Throws `RangeError` for a version that does not exist. */
export const asyncApiOf = (contract: Contract, version: string, { origin }: AsyncApiOptions): Json => {
  const view = versionView(contract, version);
  const components = new Components();
  const schemas = new Schemas(components, view.contract, contract);
  const base = `/${contract.service}/${view.name}`;
  const events = declaredEvents(view.contract);
  const hasEvents = events.length > 0;
  // Webhooks speak the words of the newest version.
  const hasWebhooks = hasEvents && view.newest;
  const messages: Record<string, Json> = {};
  const operations: Record<string, Json> = {};

  for (const event of events) messages[event.name] = eventMessage(event, view.contract, schemas);
  if (hasEvents) messages["streamEnded"] = streamEnded;
  const eventNames = events.map(({ name }) => name);
  if (hasWebhooks) for (const event of events) messages[`${event.name}Webhook`] = webhookMessage(event, schemas);
  const control = controlMessages(view.contract, schemas, events, eventNames);
  Object.assign(messages, control.messages);
  const calls = callOperations(view.contract, schemas);
  Object.assign(messages, calls.messages);

  const channel = (title: string, description: string, server: string, names: readonly string[], more: Json = {}): Json => ({
    address: "/stream",
    title,
    description,
    servers: [ref(`servers/${server}`)],
    messages: Object.fromEntries(names.map((name) => [name, ref(`components/messages/${name}`)])),
    ...more,
  });
  const of = (channelName: string, names: readonly string[]): readonly Json[] =>
    names.map((name) => ref(`channels/${channelName}/messages/${name}`));

  const channels: Record<string, Json> = {
    socket: channel(
      "WebSocket",
      "Calls, answers, subscriptions and events, side by side.",
      "socket",
      [...Object.keys(calls.messages), ...Object.keys(control.messages)],
      { bindings: { ws: { method: "GET", bindingVersion: "0.1.0" } } },
    ),
  };
  if (hasEvents) {
    channels["events"] = channel(
      "Event stream",
      "Server-Sent Events: `id` is the position, `event` the type without the service.",
      "events",
      [...eventNames, "streamEnded"],
    );
    operations["events-send"] = {
      action: "send",
      channel: ref("channels/events"),
      title: "Listen to events",
      description: "Sends events from now on, or from behind a position; the last one, `end`, says why the server ends it.",
      messages: of("events", [...eventNames, "streamEnded"]),
      bindings: { http: { method: "GET", query: subscribing(view.contract, events, "query"), bindingVersion: "0.3.0" } },
    };
  }
  if (hasWebhooks) {
    const names = events.map(({ name }) => `${name}Webhook`);
    channels["webhooks"] = channel(
      "Webhooks",
      "POST to an endpoint of an app, signed as Standard Webhooks 1.0.0 says.",
      "webhooks",
      names,
      {
        address: null,
      },
    );
    operations["webhooks-send"] = {
      action: "send",
      channel: ref("channels/webhooks"),
      title: "Deliver events",
      description:
        "Delivered at least once, under the same `webhook-id`; an answer other than 2xx is tried again over three days, 410 ends it.",
      messages: of("webhooks", names),
      bindings: { http: { method: "POST", bindingVersion: "0.3.0" } },
    };
  }
  const socket = ref("channels/socket");
  for (const { name, title, description, receives, replies } of [...control.operations, ...calls.operations]) {
    operations[name] = {
      action: "receive",
      channel: socket,
      title,
      description,
      messages: of("socket", receives),
      reply: { channel: socket, messages: of("socket", replies) },
    };
  }
  return {
    asyncapi: "3.1.0",
    id: `urn:pons:${contract.service}:${view.name}`,
    info: {
      title: `${contract.title} streams`,
      version: view.name,
      description: `${contract.doc}\n\n${prose(hasEvents)}`,
      license: { name: "Apache-2.0" },
      externalDocs: { description: "The same operations over HTTP.", url: `${origin}${base}/openapi.json` },
    },
    defaultContentType: "application/json",
    servers: serversOf(origin, base, hasWebhooks),
    channels,
    operations,
    components: { ...components.toJson(), messages, securitySchemes },
  };
};
