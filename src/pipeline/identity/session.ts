/** Sessions of browsers: the secret in the cookie, and what a page shows with a change so that no other site can make one. */
import { createHmac, randomBytes } from "node:crypto";

/** A new session's secret: 256 random bits, base64url. */
export const newSessionToken = (): string => randomBytes(32).toString("base64url");

/** What a change by a session carries in `X-CSRF-Token`: it follows from the secret, which a page of another origin does not know. */
export const csrfOf = (token: string): string => createHmac("sha256", token).update("pons csrf").digest("base64url");
