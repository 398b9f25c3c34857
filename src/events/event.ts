/** The form of events, shared with the pipeline. */
export { beginning, isAfter, parsePosition, positionText } from "../pipeline/events.ts";
export type { EventQuery, EventSource, Position, PresentedEvent, StoredEvent, Subscription } from "../pipeline/events.ts";
