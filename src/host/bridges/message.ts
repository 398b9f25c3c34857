/** An event as a broker gets it: a CloudEvent 1.0.2 of the environment that it is of. */
import { type CloudEvent, cloudEventOf, eventTypeOf, type Position, positionText, type StoredEvent } from "../../events/index.ts";

/** What an environment's events are sent as. */
export interface Place {
  readonly realm: number;
  readonly tenant: string;
  readonly environment: string;
}

/** A CloudEvent with what a broker's other readers must know: whose it is, and by what it keeps its order. */
export interface BridgedEvent extends Omit<CloudEvent, "data"> {
  readonly tenant: string;
  readonly environment: string;
  /** The same for all events of one row (partitioning extension). */
  readonly partitionkey: string;
  /** Present where the broker would not take the data: they are to be fetched from the stream by `sequence`. */
  readonly dataomitted?: "too_large";
  readonly data?: CloudEvent["data"];
}

export interface Message {
  /** Behind it the event is sent. */
  readonly position: Position;
  /** Unique among all events of the installation: `7:123-0`, realm and position. By it a broker or a reader tells one that was sent twice. */
  readonly id: string;
  readonly event: BridgedEvent;
  /** Service and type in parts: `["bank", "accounts", "opened"]`. */
  readonly path: readonly string[];
}

/** Characters that names of subjects and topics may have; names of tenants, services and events have no others. */
export const token = (name: string): string => name.replace(/[^A-Za-z0-9_-]/g, "_");

export interface MessageOptions {
  /** As callers know the server: `https://api.example.com`. */
  readonly origin: string;
  /** The newest version of a service. */
  readonly versionOf: (service: string) => string;
  /** The field of an event's data that names the row it is about. */
  readonly subjectOf: (service: string, type: string) => string | undefined;
}

export const messageOf = (stored: StoredEvent, place: Place, options: MessageOptions): Message => {
  const { seq, index, at, service, type, data } = stored;
  const field = options.subjectOf(service, type);
  const named = field === undefined ? undefined : data[field];
  const subject = typeof named === "string" ? named : undefined;
  const id = positionText(stored);
  const presented = { id, seq, at, service, type, subject, data };
  const { source, ...event } = cloudEventOf(presented, { origin: options.origin, version: options.versionOf(service) });
  const { realm, tenant, environment } = place;
  // Events about no row keep their order among those of their resource.
  const partitionkey = subject ?? eventTypeOf({ service, type: type.split(".")[0] ?? type });
  return {
    position: { seq, index },
    id: `${realm}:${id}`,
    event: { ...event, source: `${source}/${tenant}/${environment}`, tenant, environment, partitionkey },
    path: [service, ...type.split(".")],
  };
};

/** The same without its data. */
export const withoutData = ({ event, ...rest }: Message): Message => {
  const { data: _data, ...kept } = event;
  return { ...rest, event: { ...kept, dataomitted: "too_large" } };
};
