/** What is served: the path of every method of every version of every service, and who answers it. */
import { protoOf, type ProtoService, type RpcMethod } from "../../contract/protobuf/index.ts";
import { type ChannelParts, type HttpVersion, versionOf } from "../http/index.ts";

export interface ServedMethod {
  readonly method: RpcMethod;
  readonly version: HttpVersion;
}

export interface Served {
  /** `/bank.v2.BankService/GetAccount` → its method. */
  readonly methods: ReadonlyMap<string, ServedMethod>;
  readonly services: readonly ProtoService[];
}

/** Compiles the tables. */
export const serve = ({ contracts, numbersOf }: Pick<ChannelParts, "contracts" | "numbersOf">): Served => {
  const methods = new Map<string, ServedMethod>();
  const services: ProtoService[] = [];
  for (const contract of contracts.values()) {
    const numbers = numbersOf(contract);
    for (const name of [contract.version, ...contract.older.map((older) => older.name)]) {
      const service = protoOf(contract, name, numbers);
      const version = versionOf(contract, name);
      services.push(service);
      for (const method of service.methods.values()) methods.set(method.path, { method, version });
    }
  }
  return { methods, services };
};
