/** The event platform: the journal read as an ordered stream of events. */
export { type CloudEvent, cloudEventOf, eventTypeOf } from "./cloud-event.ts";
export {
  beginning,
  type EventQuery,
  type EventSource,
  isAfter,
  parsePosition,
  type Position,
  positionText,
  type PresentedEvent,
  type StoredEvent,
  type Subscription,
} from "./event.ts";
export { EventLog, type EventLogOptions } from "./log.ts";
