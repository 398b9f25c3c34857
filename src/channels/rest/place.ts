/**
 * Where an address lies: language prefix, service and version, from the path or, under a configured base domain, from the host.
 *
 *   /bank/v1/accounts                 /de/bank/v1/accounts
 *   v1.bank.example.com/accounts      de.v1.bank.example.com/accounts      v1.bank.example.com/de/accounts
 *   de.example.com/bank/v1/accounts
 *
 * A host outside the base domain (an IP address, localhost, a name of the load balancer) is addressed by path. A host below the base domain
 * that names nothing served is 404: another host's path never decides.
 */
import type { LanguageChooser } from "../http/index.ts";
import type { Served, ServedVersion } from "./served.ts";

export interface Place {
  readonly version: ServedVersion;
  /** Position of the first segment after service and version. */
  readonly from: number;
  /** What the caller's addresses begin with: `/de/bank/v1`, or `` under `v1.bank.example.com`. */
  readonly base: string;
  /** Of the path or else of the host; one that is available, in its own spelling. */
  readonly language: string | undefined;
}

export interface Places {
  readonly served: Served;
  readonly languages: LanguageChooser;
  /** Lower case, without a dot in front: `example.com`. */
  readonly baseDomain: string | undefined;
}

/** `V1.bank.example.com:443` under `example.com` → `["v1", "bank"]`; undefined outside of it. */
const labelsUnder = (host: string, baseDomain: string): readonly string[] | undefined => {
  const colon = host.indexOf(":");
  const name = (colon === -1 ? host : host.slice(0, colon)).toLowerCase();
  if (name === baseDomain) return [];
  if (!name.endsWith(`.${baseDomain}`)) return undefined;
  return name.slice(0, -baseDomain.length - 1).split(".");
};

/** The place an address names, or undefined (404). */
export const placeOf = (places: Places, host: string, segments: readonly string[]): Place | undefined => {
  const { served, languages, baseDomain } = places;
  let version: ServedVersion | undefined;
  let hostLanguage: string | undefined;
  const labels = baseDomain === undefined ? undefined : labelsUnder(host, baseDomain);
  if (labels !== undefined && labels.length > 0) {
    const rest = [...labels];
    if (rest.length >= 2) version = served.get(rest.at(-1) as string)?.get(rest.at(-2) as string);
    if (version !== undefined) rest.splice(-2);
    const [language, ...more] = rest;
    if (language !== undefined) hostLanguage = languages.lookup(language);
    if (more.length > 0 || (language !== undefined && hostLanguage === undefined)) return undefined;
  }
  let from = 0;
  let base = "";
  let pathLanguage: string | undefined;
  const first = segments[0] ?? "";
  const isName =
    version === undefined ? served.has(first) : version.table.collections.has(first) || version.table.alone.has(first);
  if (!isName && segments.length > 1) {
    pathLanguage = languages.lookup(first);
    if (pathLanguage !== undefined) {
      base = `/${first}`;
      from = 1;
    }
  }
  if (version === undefined) {
    const service = segments[from] ?? "";
    const name = segments[from + 1] ?? "";
    version = served.get(service)?.get(name);
    if (version === undefined) return undefined;
    base += `/${service}/${name}`;
    from += 2;
  }
  return { version, from, base, language: pathLanguage ?? hostLanguage };
};
