/** Headers of an answer that follow from who called and what stands at the gate: limits, the session's cookie, what policies say. */
import type { SessionChange } from "../../define/function.ts";
import { csrfOf } from "../../pipeline/identity/session.ts";
import { sessionCookie } from "./credentials.ts";
import type { Exchange } from "./exchange.ts";

const cookieOf = ({ token, maxAgeSeconds }: SessionChange): string =>
  `${sessionCookie}=${token ?? ""}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=${token === null ? 0 : Math.floor(maxAgeSeconds)}`;

/** Puts them into `headers`. */
export const addManaged = (headers: Headers, { findings, credentials }: Exchange): void => {
  const { session } = findings;
  for (const [name, value] of findings.headers ?? []) headers.append(name, value);
  if (session !== undefined) {
    headers.append("Set-Cookie", cookieOf(session));
    headers.set("Cache-Control", "no-store");
    if (session.token === null) headers.set("Clear-Site-Data", '"cache", "cookies", "storage"');
    else headers.set("X-CSRF-Token", csrfOf(session.token));
  } else if (credentials.kind === "session" && findings.caller !== undefined) {
    headers.set("X-CSRF-Token", csrfOf(credentials.token));
  }
};

/** Whether there is anything to put in. */
export const isManaged = ({ findings, credentials }: Exchange): boolean =>
  findings.headers !== undefined || findings.session !== undefined || credentials.kind === "session";
