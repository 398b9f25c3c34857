/**
 * Where weaknesses are reported (RFC 9116):
 *
 *   Contact: mailto:security@example.com
 *   Expires: 2027-05-27T00:00:00.000Z
 *   Preferred-Languages: en, de
 *   Canonical: https://example.com/.well-known/security.txt
 *
 * It expires half a year after the day on which it is asked for: RFC 9116 section 2.5.5 recommends less than a year. `Canonical` must be an https
 * address (section 2.5.2); it is left out where the server knows none of its own.
 */
import type { DocumentHandler } from "../channels/rest/index.ts";
import { platformLanguages } from "../pipeline/messages/index.ts";
import { baseUrl } from "./base-url.ts";
import type { Config } from "./config.ts";
import { harmless } from "./page.ts";

export const securityTxtPath = "/.well-known/security.txt";

const dayMs = 86_400_000;
const validDays = 180;

type Facts = Pick<Config, "host" | "tls" | "port" | "baseDomain" | "securityContact">;

/** The address of the file, where it is an https one. */
const canonicalOf = (config: Facts): string | undefined => {
  if (config.baseDomain !== undefined) return `https://${config.baseDomain}${securityTxtPath}`;
  return config.tls === undefined || config.port === 0 ? undefined : `${baseUrl(config, config.port)}${securityTxtPath}`;
};

/** The domain of e-mail addresses: an IP address is none. */
const mailDomainOf = ({ host, baseDomain }: Facts): string =>
  baseDomain ?? (host.includes(":") || /^[0-9.]+$/.test(host) ? "localhost" : host);

/** The text as of `nowMs`. */
export const securityTxt = (config: Facts, nowMs: number): string => {
  const expires = new Date((Math.floor(nowMs / dayMs) + validDays) * dayMs).toISOString();
  const canonical = canonicalOf(config);
  const lines = [
    `Contact: ${config.securityContact ?? `mailto:security@${mailDomainOf(config)}`}`,
    `Expires: ${expires}`,
    `Preferred-Languages: ${platformLanguages.join(", ")}`,
    ...(canonical === undefined ? [] : [`Canonical: ${canonical}`]),
  ];
  return `${lines.join("\n")}\n`;
};

/** The handler of `/.well-known/security.txt`. `now`: milliseconds since the epoch. */
export const securityTxtHandler =
  (config: Facts, now: () => number = Date.now): DocumentHandler =>
  () =>
    new Response(securityTxt(config, now()), {
      headers: { ...harmless, "Content-Type": "text/plain; charset=utf-8", "Cache-Control": "public, max-age=3600" },
    });
