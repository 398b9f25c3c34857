/** `bank.v2.BankService` → bank, v2; known without the channel's own code, so that it is loaded only when it is called. */
import type { Contract } from "../../contract/contract.ts";

/** What a first segment of an address names. */
export const connectVersionOf =
  (contracts: ReadonlyMap<string, Contract>) =>
  (segment: string): { readonly service: string; readonly version: string } | undefined => {
    const [service = "", version = "", name, ...more] = segment.split(".", 5);
    const contract = contracts.get(service);
    if (contract === undefined || name === undefined || more.length > 0) return undefined;
    if (name !== `${service.slice(0, 1).toUpperCase()}${service.slice(1)}Service`) return undefined;
    const isKnown = contract.version === version || contract.older.some((older) => older.name === version);
    return isKnown ? { service, version } : undefined;
  };
