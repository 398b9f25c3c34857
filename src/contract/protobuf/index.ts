/** Contracts as protobuf: model, codec, descriptors and the .proto text. */
import type { Contract } from "../contract.ts";
import type { Numbers } from "../lock/numbers.ts";
import { type ProtoService, ProtobufError } from "./types.ts";

export * from "./types.ts";

/** The protobuf of one version of a contract; made once for each. Throws `RangeError` where the contract has no such version. */
export const protoOf = (contract: Contract, version: string, _numbers: Numbers): ProtoService => {
  throw new ProtobufError("malformed", `${contract.service} ${version} is not compiled yet`);
};

/** The .proto of a version, for a document handler. */
export const protoText = (contract: Contract, version: string, numbers: Numbers): string =>
  protoOf(contract, version, numbers).text;
