/** Headers of an answer that follow from who called and what stands at the gate: limits, the session's cookie, what policies say. */
import type { SessionChange } from "../../define/function.ts";
import { csrfOf } from "../../pipeline/identity/session.ts";
import { sessionCookie } from "./credentials.ts";
import type { HttpExchange } from "./exchange.ts";

const cookieOf = ({ token, maxAgeSeconds }: SessionChange): string =>
  `${sessionCookie}=${token ?? ""}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=${token === null ? 0 : Math.floor(maxAgeSeconds)}`;

/** Puts them into `headers`. `isRead`: the answer is one that a client may keep. */
export const addManaged = (
  headers: Headers,
  { findings, credentials }: Pick<HttpExchange, "findings" | "credentials">,
  isRead: boolean,
): void => {
  const { session } = findings;
  for (const [name, value] of findings.headers ?? []) {
    if (name === "Link") headers.append(name, value);
    else if (isRead || name !== "Cache-Control") headers.set(name, value);
  }
  for (const [name, value] of findings.cors ?? []) headers.set(name, value);
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
export const isManaged = ({ findings, credentials }: HttpExchange): boolean =>
  findings.headers !== undefined ||
  findings.cors !== undefined ||
  findings.session !== undefined ||
  credentials.kind === "session";
