/** Events as CloudEvents 1.0.2 (CNCF), in their JSON format. `source` and `id` together name one event for good. */
import type { PresentedEvent } from "./event.ts";

export interface CloudEvent {
  readonly specversion: "1.0";
  /** Position in the stream of its source: `123-0`. */
  readonly id: string;
  /** `https://api.example.com/bank/v2`, or `/bank/v2` where no origin is known. */
  readonly source: string;
  /** `bank.accounts.opened`. */
  readonly type: string;
  /** Id of the row that it is about. */
  readonly subject?: string;
  /** RFC 3339, UTC. */
  readonly time: string;
  readonly datacontenttype: "application/json";
  /** Number in the stream, as the sequence extension has it. */
  readonly sequence: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Type of an event outside of its service. */
export const eventTypeOf = ({ service, type }: Pick<PresentedEvent, "service" | "type">): string => `${service}.${type}`;

/** `origin`: `https://api.example.com`, or empty. */
export const cloudEventOf = (
  event: PresentedEvent,
  { origin, version }: { readonly origin: string; readonly version: string },
): CloudEvent => ({
  specversion: "1.0",
  id: event.id,
  source: `${origin}/${event.service}/${version}`,
  type: eventTypeOf(event),
  ...(event.subject === undefined ? {} : { subject: event.subject }),
  time: event.at,
  datacontenttype: "application/json",
  sequence: event.id,
  data: event.data,
});
