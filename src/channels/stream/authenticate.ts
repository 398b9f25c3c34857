/** Credentials that come with a message, because a browser's WebSocket sends no headers of one's own. */
import type { Pipeline } from "../../pipeline/pipeline.ts";
import { type Refusal, refuse } from "../../pipeline/refusal.ts";
import { actingOf, credentialsOf } from "../http/index.ts";
import type { Shown } from "./message.ts";
import type { Seat } from "./seat.ts";

const isRefusal = (value: object): value is Refusal => "type" in value && "status" in value;

/**
 * Puts the credentials of a message into the seat, once they were found good: calls that begin from then on are made with them. A session's page shows the token
 * that goes with its cookie, and no credentials. Whoever is refused has none any more.
 */
export const authenticate = async (
  seat: Seat,
  { headers, csrfToken }: Shown,
  pipeline: Pick<Pipeline, "identify">,
): Promise<Refusal | undefined> => {
  const acting = actingOf(headers);
  if (isRefusal(acting)) return acting;
  const credentials = credentialsOf({ method: "GET", headers, certificate: seat.certificate, url: seat.url });
  if (isRefusal(credentials)) return credentials;
  if (headers.has("authorization") || headers.has("x-api-key")) seat.take(credentials, acting);
  else if (csrfToken === undefined || seat.credentials.kind !== "session") return refuse("unauthenticated");
  else seat.takeCsrf(csrfToken);
  return knownCaller(seat, pipeline);
};

/** Whether the seat's credentials count at all. Who may not use one operation may use others. */
export const knownCaller = async (seat: Seat, pipeline: Pick<Pipeline, "identify">): Promise<Refusal | undefined> => {
  const { isIdle: _, ...call } = seat.question();
  const found = await pipeline.identify(call);
  return "status" in found && found.status !== 403 ? found : undefined;
};
