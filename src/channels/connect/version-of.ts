/** `bank.v2.BankService` → bank, v2; known without the channel's own code, so that it is loaded only when it is called. */
import type { Contract } from "../../contract/contract.ts";
import type { RootChannel } from "../http/index.ts";

/** What a first segment of an address names. */
export const connectVersionOf = (contracts: ReadonlyMap<string, Contract>): RootChannel["versionOf"] => {
  const versions = new Map<string, { readonly service: string; readonly version: string }>(
    [...contracts.values()].flatMap(({ service, version, older }) =>
      [version, ...older.map(({ name }) => name)].map((name) => {
        const serviceName = `${service.slice(0, 1).toUpperCase()}${service.slice(1)}Service`;
        return [`${service}.${name}.${serviceName}`, { service, version: name }] as const;
      }),
    ),
  );
  return (segment) => versions.get(segment);
};
