/**
 * What is served: every version of every service with its routing table and the headers of its age. Compiled once at start.
 */
import type { Contract } from "../../contract/contract.ts";
import { versionView } from "../../contract/versions.ts";
import { formatLinks, versionOf } from "../http/index.ts";
import type { HttpVersion, Link } from "../http/index.ts";
import { routeTable } from "./route-table.ts";
import type { RouteTable } from "./route-table.ts";

/** One version of one service. */
export interface ServedVersion extends HttpVersion {
  readonly table: RouteTable;
}

/** Service → version → what is served. */
export type Served = ReadonlyMap<string, ReadonlyMap<string, ServedVersion>>;

const servedVersion = (contract: Contract, name: string): ServedVersion => ({
  ...versionOf(contract, name),
  table: routeTable(versionView(contract, name).contract, contract),
});

/** Compiles the tables. Throws when two contracts have the same service. */
export const serve = (contracts: readonly Contract[]): Served => {
  const served = new Map<string, ReadonlyMap<string, ServedVersion>>();
  for (const contract of contracts) {
    if (served.has(contract.service)) throw new Error(`service ${contract.service} is given twice`);
    const names = [contract.version, ...contract.older.map((older) => older.name)];
    served.set(contract.service, new Map(names.map((name) => [name, servedVersion(contract, name)])));
  }
  return served;
};

/** The Link header of a version's answers, with more links in front; undefined when there is none. */
export const linksOf = (version: ServedVersion | undefined, links: readonly Link[]): string | undefined =>
  formatLinks(version === undefined ? links : [...links, ...version.links]);
