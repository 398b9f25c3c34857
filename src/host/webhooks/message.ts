/** What is sent: the event as a CloudEvent in JSON. One that is larger than receivers should have to take is sent without its data, with a link to it. */
import { cloudEventOf, eventTypeOf, type PresentedEvent } from "../../events/index.ts";
import { testType } from "./delivery.ts";

/** Standard Webhooks recommends bodies of less than 20 kB. */
export const bodyBytesMax = 20_000;

export interface Source {
  /** `https://api.example.com`, or empty. */
  readonly origin: string;
  /** The newest version of the service. */
  readonly version: string;
}

/** Where the data of an event is found: the row that it is about, or else the events of the service. */
const dataAddress = ({ service, type, subject }: PresentedEvent, { origin, version }: Source): string => {
  const root = `${origin}/${service}/${version}`;
  const [resource = ""] = type.split(".");
  return subject === undefined ? `${root}/stream` : `${root}/${resource}/${encodeURIComponent(subject)}`;
};

/** The body for an event. */
export const bodyOf = (event: PresentedEvent, source: Source): string => {
  const whole = cloudEventOf(event, source);
  const body = JSON.stringify(whole);
  if (body.length <= bodyBytesMax / 4 || Buffer.byteLength(body) <= bodyBytesMax) return body;
  const { data: _, datacontenttype: __, ...thin } = whole;
  return JSON.stringify({ ...thin, dataref: dataAddress(event, source) });
};

/** The body of an event to test with. */
export const testBodyOf = (
  {
    id,
    service,
    webhook,
    nowMs,
  }: { readonly id: string; readonly service: string; readonly webhook: string; readonly nowMs: number },
  { origin, version }: Source,
): string =>
  JSON.stringify({
    specversion: "1.0",
    id,
    source: `${origin}/${service}/${version}`,
    type: eventTypeOf({ service, type: testType }),
    time: new Date(nowMs).toISOString(),
    datacontenttype: "application/json",
    data: { webhook },
  });
