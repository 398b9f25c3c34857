/** A version of a service as channels tell of it: which contract answers, and its age. */
import type { Contract } from "../../contract/contract.ts";
import { formatDeprecation, formatSunset } from "./deprecation.ts";
import type { HttpVersion } from "./exchange.ts";
import type { Link } from "./link.ts";

const dayOf = (date: string): Date => new Date(`${date}T00:00:00.000Z`);

/** The contract's version of that name. */
export const versionOf = (contract: Contract, name: string): HttpVersion => {
  const definition = contract.older.find((older) => older.name === name);
  const headers: (readonly [string, string])[] = [];
  const links: Link[] = [];
  if (definition?.deprecated !== undefined) headers.push(["Deprecation", formatDeprecation(dayOf(definition.deprecated))]);
  if (definition?.sunset !== undefined) headers.push(["Sunset", formatSunset(dayOf(definition.sunset))]);
  if (definition?.guide !== undefined) {
    const rel = definition.sunset === undefined ? "deprecation" : "deprecation sunset";
    links.push({ target: definition.guide, rel, type: "text/html" });
  }
  if (definition !== undefined) links.push({ target: `/${contract.service}/${contract.version}`, rel: "successor-version" });
  return {
    service: contract.service,
    name,
    contract,
    older: definition === undefined ? undefined : name,
    headers,
    links,
    sunsetMs: definition?.sunset === undefined ? Number.POSITIVE_INFINITY : dayOf(definition.sunset).getTime(),
  };
};
