/**
 * Which pages may speak to us. A page of elsewhere can reach a server of this machine by a name that leads here (DNS rebinding): the `Origin` that its browser
 * sends is of that name.
 *
 *   no Origin              no browser
 *   our own                the public origin; where none is set, the address that was asked, as long as it is no name that others give
 *   another one            where a tenant's policy lets its pages call (`cors`)
 */
import { isIP } from "node:net";
import type { HttpExchange } from "../http/index.ts";

const isOwn = (page: URL, { publicOrigin, request }: HttpExchange): boolean => {
  if (publicOrigin !== undefined) return page.origin === URL.parse(publicOrigin)?.origin;
  const host = page.hostname.replace(/^\[(.*)\]$/, "$1");
  return page.origin === URL.parse(request.url)?.origin && (host === "localhost" || isIP(host) !== 0);
};

/** Whether the request comes from a page that may speak to us, or from none. */
export const isWelcome = (exchange: HttpExchange, allows: (origin: string) => boolean): boolean => {
  const origin = exchange.headers.get("origin");
  if (origin === null) return true;
  const page = URL.parse(origin);
  if (page === null || page.origin !== origin) return false;
  return isOwn(page, exchange) || allows(origin);
};
