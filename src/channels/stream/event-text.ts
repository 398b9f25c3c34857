/** Events as the JSON text of CloudEvents, written once for all who see an event alike. */
import { cloudEventOf, type PresentedEvent } from "../../events/index.ts";

/** Where events come from, as subscribers see it. */
export interface EventOrigin {
  /** `https://api.example.com`, or empty. */
  readonly origin: string;
  /** Version that is spoken: `v2`. */
  readonly version: string;
}

/** Whoever sees an event alike is handed the same object; it goes with the event. */
const written = new WeakMap<PresentedEvent, Map<string, string>>();

export const eventText = (event: PresentedEvent, { origin, version }: EventOrigin): string => {
  let texts = written.get(event);
  if (texts === undefined) written.set(event, (texts = new Map()));
  let text = texts.get(version);
  if (text === undefined) texts.set(version, (text = JSON.stringify(cloudEventOf(event, { origin, version }))));
  return text;
};
