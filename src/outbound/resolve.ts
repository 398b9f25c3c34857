/**
 * From a name to the addresses that may be connected to. All addresses of a name must be public: a name that also leads inside is somebody's attempt.
 * What is checked here is what is connected to; the name is not looked up again (DNS rebinding).
 */
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { isPublicAddress } from "./address.ts";
import { OutboundError } from "./outbound-error.ts";
import type { Target } from "./target.ts";

/** All addresses of a name; rejects or gives none when there are none. */
export type Lookup = (name: string) => Promise<readonly string[]>;

/** By the resolver of the system, in its order. */
export const systemLookup: Lookup = async (name) =>
  (await lookup(name, { all: true, order: "verbatim" })).map(({ address }) => address);

/** Of many addresses so many are tried. */
const addressesMax = 4;

const lookUp = async (host: string, look: Lookup): Promise<readonly string[]> => {
  try {
    return await look(host);
  } catch (error) {
    throw new OutboundError("unresolved", `${host} has no address`, { cause: error });
  }
};

/** The addresses to try, in order, at least one. Throws an `OutboundError`. */
export const addressesOf = async ({ host, isAllowed }: Target, look: Lookup): Promise<readonly string[]> => {
  if (isAllowed && isIP(host) !== 0) return [host];
  const addresses = await lookUp(host, look);
  if (addresses.length === 0) throw new OutboundError("unresolved", `${host} has no address`);
  const isGood = (address: string): boolean => (isAllowed ? isIP(address) !== 0 : isPublicAddress(address));
  if (!addresses.every(isGood)) throw new OutboundError("refused_address", `${host} leads to an address that is not public`);
  return addresses.slice(0, addressesMax);
};
