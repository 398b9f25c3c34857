/**
 * Whether an address given by others may be requested, by its text alone:
 *
 *   targetOf("https://hooks.example.com/in", policy)  →  { url, host: "hooks.example.com", isAllowed: false }
 *   targetOf("http://2130706433/", policy)            →  throws OutboundError "refused_url"
 *
 * Refused: other schemes than https, a user or password, other ports, an IP address in any notation (the parser of URLs turns decimal, octal, hex and
 * full-width digits into dots), names without a dot and names that are never public. An origin in `allow` is let through as it is.
 */
import { isIP } from "node:net";
import { OutboundError } from "./outbound-error.ts";

export interface TargetPolicy {
  /** Origins that need not be public, compared exactly: `http://127.0.0.1:9000`. For development, tests and services of one's own network. */
  readonly allow?: readonly string[];
  /** Ports of other origins; default: 443. */
  readonly ports?: readonly number[];
}

export interface Target {
  readonly url: URL;
  /** A name, or for an allowed origin also an address without brackets. */
  readonly host: string;
  /** Its origin is in `allow`. */
  readonly isAllowed: boolean;
}

const urlLengthMax = 2_048;
const httpsPort = 443;
const nameLengthMax = 253;

/** Labels of letters, digits, hyphens and underscores. */
const nameForm = /^(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
/** Never in the public name system (RFC 6761, RFC 6762, RFC 8375, RFC 9476, and `internal`). */
const localName =
  /(?:^|\.)(?:localhost|local|localdomain|internal|intranet|private|lan|home|corp|alt|home\.arpa|in-addr\.arpa|ip6\.arpa|test|invalid|onion)$/;

const refuseUrl = (why: string): OutboundError => new OutboundError("refused_url", why);

const hasUser = (url: URL, text: string): boolean =>
  // `https://@host/` has an empty user, which the parser forgets.
  url.username !== "" || url.password !== "" || /^[^/?#]*\/\/[^/?#]*@/.test(text);

/** Whitespace, control characters and backslashes, which parsers read in different ways. */
const oddCharacter = /[\s\\\p{Cc}]/u;

/** The target. Throws an `OutboundError` with the reason. */
export const targetOf = (text: string, { allow = [], ports = [httpsPort] }: TargetPolicy = {}): Target => {
  if (text.length > urlLengthMax) throw refuseUrl(`the address is longer than ${urlLengthMax} characters`);
  if (oddCharacter.test(text) || !URL.canParse(text)) throw refuseUrl("the address is no URL");
  const url = new URL(text);
  if (hasUser(url, text)) throw refuseUrl("the address names a user");
  const isHttp = url.protocol === "http:" || url.protocol === "https:";
  if (isHttp && allow.includes(url.origin)) return { url, host: url.hostname.replace(/^\[|\]$/g, ""), isAllowed: true };
  if (url.protocol !== "https:") throw refuseUrl("the address is not https");
  const port = url.port === "" ? httpsPort : Number(url.port);
  if (!ports.includes(port)) throw refuseUrl(`port ${port} is not allowed`);
  const host = url.hostname.replace(/\.$/, "");
  if (host.startsWith("[") || isIP(host) !== 0) throw refuseUrl("the address names an IP address, not a host");
  if (host.length > nameLengthMax || !nameForm.test(host) || localName.test(host)) throw refuseUrl("the host is not public");
  return { url, host, isAllowed: false };
};
