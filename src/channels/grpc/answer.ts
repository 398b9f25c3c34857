/** Results and refusals as statuses and metadata: the same facts that HTTP's answers have in their headers. */
import type { Operation } from "../../contract/contract.ts";
import { type Refusal, refuse } from "../../pipeline/refusal.ts";
import { StreamEnded } from "../../pipeline/stream-ended.ts";
import { reasonOf, tell, type ToldRefusal } from "../../pipeline/told.ts";
import { addManaged, type ChannelParts, formatLinks } from "../http/index.ts";
import { statusOf } from "../rpc/index.ts";
import type { Asking } from "./asking.ts";
import type { Metadata } from "./stream.ts";
import type { Status } from "./status.ts";

/** Names of headers as metadata: in lower case. They are our own, so there are few. */
const lowered = new Map<string, string>();

const metadataName = (header: string): string => {
  let name = lowered.get(header);
  if (name === undefined) lowered.set(header, (name = header.toLowerCase()));
  return name;
};

/** Seconds after which an overloaded server or limit that says nothing else may be asked again. */
const retryAfterDefault = 1;

/** What answers of a stream tell beside their message: request id, limits as they stand, the age of the version. */
export const metadataOf = ({ requestId, findings, version, credentials, traceparent }: Asking): Metadata => {
  const metadata: (readonly [string, string])[] = [["x-request-id", requestId]];
  if (findings.session !== undefined || credentials.kind === "session") {
    const headers = new Headers();
    addManaged(headers, { findings, credentials }, false);
    headers.delete("cache-control");
    metadata.push(...headers);
  } else if (findings.headers !== undefined) {
    for (const [name, value] of findings.headers) if (name !== "Cache-Control") metadata.push([metadataName(name), value]);
  }
  if (version.older !== undefined) {
    // What a policy says of its end goes before, as on every channel.
    const said = metadata.length > 1 ? new Set(metadata.map(([name]) => name)) : undefined;
    for (const [header, value] of version.headers) {
      const name = metadataName(header);
      if (said?.has(name) !== true) metadata.push([name, value]);
    }
    const link = formatLinks(version.links);
    if (link !== undefined) metadata.push(["link", link]);
  }
  if (traceparent !== undefined) metadata.push(["traceparent", traceparent]);
  return metadata;
};

/** A refusal in the caller's language. */
export const toldTo = ({ locale, requestId, version }: Asking, operation: Operation, refusal: Refusal): ToldRefusal =>
  tell(refusal, { locale, requestId, messages: version.contract.messages, resource: operation.resource?.name });

/** Most bytes of details: clients take 8 KB of metadata, in base64 and with everything else. */
const detailsBytesMax = 4 * 1024;

const firstOf = <T>(record: Readonly<Record<string, T>>, count: number): Record<string, T> =>
  Object.fromEntries(Object.entries(record).slice(0, count));

/** A refusal as a status. Of very many wrong fields the first ones are named. */
export const refusalStatus = (asking: Asking, operation: Operation, refusal: Refusal): Status => {
  const { locale, version } = asking;
  const place = { domain: version.service, locale };
  const whole = toldTo(asking, operation, refusal);
  let status = statusOf(refusal, whole, place);
  const { issues = {} } = refusal;
  for (let count = Object.keys(issues).length; status.bytes.length > detailsBytesMax && count > 0;) {
    count = Math.floor(count / 2);
    const { data: _, ...bare } = whole;
    const some = count === 0 ? bare : { ...bare, data: firstOf(whole.data ?? {}, count) };
    status = statusOf({ ...refusal, issues: firstOf(issues, count) }, some, place);
  }
  const { code, message, bytes } = status;
  return bytes.length > detailsBytesMax ? { code, message: reasonOf(whole) } : { code, message, details: bytes };
};

/** Seconds to wait, where the refusal says so or is of a kind that passes. */
export const retryMetadata = ({ status, retryAfter }: Refusal): Metadata => {
  const seconds = retryAfter ?? (status === 429 || status === 503 ? retryAfterDefault : undefined);
  return seconds === undefined ? [] : [["retry-after", String(Math.ceil(seconds))]];
};

/** Why a stream of rows ended early: its caller may no longer call, or an error, which is told of. */
export const refusalOfError = (
  error: unknown,
  { onError }: Pick<ChannelParts, "onError">,
  { requestId }: Pick<Asking, "requestId">,
): Refusal => {
  if (error instanceof StreamEnded) return error.refusal;
  onError(error, { requestId, channel: "grpc" });
  return refuse("internal");
};
