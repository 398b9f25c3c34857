/** Origins of web pages: `https://shop.example`. Without TLS only on the machine of who develops. */
import type { CommandContext, FunctionRefusal } from "pons";

export const originRefusal = {
  origin_invalid: {
    status: 422,
    doc: "An origin is https:// and a host, with nothing after it; http:// is for localhost alone.",
  },
} as const;

const isOrigin = (text: string): boolean => {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, origin } = new URL(text);
  const isLocal = hostname === "localhost" || hostname === "127.0.0.1";
  return origin === text && (protocol === "https:" || (protocol === "http:" && isLocal));
};

/** The first of some origins that is none, as a refusal. */
export const originFlaw = (ctx: CommandContext, ...origins: readonly (string | null)[]): FunctionRefusal | undefined => {
  const flaw = origins.find((origin) => origin !== null && !isOrigin(origin));
  return flaw === undefined ? undefined : ctx.refuse("origin_invalid", { origin: flaw });
};

/**
 * Whether a person may be sent back there (OAuth 2.1, section 2.3; RFC 8252): https, or http on the own machine, or a scheme of an app's own with a dot in
 * it; never with a fragment, never with credentials.
 */
export const isRedirectUri = (text: string): boolean => {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username, password, hash } = new URL(text);
  if (username !== "" || password !== "" || hash !== "" || text.includes("#") || /\s/.test(text)) return false;
  if (protocol === "https:") return hostname !== "";
  if (protocol === "http:") return hostname === "localhost" || hostname === "127.0.0.1" || hostname === "[::1]";
  return /^[a-z][a-z0-9+-]*\.[a-z0-9+.-]*:$/.test(protocol);
};
