/** Contracts as protobuf: model, codec, descriptors and the .proto text. */
import type { Contract } from "../contract.ts";
import { versionView } from "../versions.ts";
import { numberFields, type Numbers } from "../lock/numbers.ts";
import { Compiler } from "./codec.ts";
import { descriptorSetOf, fileDescriptors } from "./descriptor.ts";
import { messageTypeOf } from "./message-type.ts";
import type { MessageModel, MethodModel, PackageModel } from "./model.ts";
import { packageOf } from "./package.ts";
import { protoTextOf } from "./text.ts";
import type { MessageType, ProtoService, RpcMethod } from "./proto-service.ts";

export * from "./proto-service.ts";
export { camelCase, snakeCase } from "./well-known.ts";
export type { FieldModel, FieldType, MessageModel } from "./model.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const methodOf = (service: ProtoService, contract: Contract, compiler: Compiler, model: MethodModel): RpcMethod | undefined => {
  const operation = contract.operations.get(model.operationName);
  const versioned = versionView(contract, service.version).contract.operations.get(model.operationName);
  if (operation === undefined || versioned === undefined) return undefined;
  return {
    name: model.name,
    path: `/${service.fullName}/${model.name}`,
    operation,
    versioned,
    input: messageTypeOf(model.input, compiler, operation.action === "update" ? "patch" : "request"),
    output: messageTypeOf(model.output, compiler, "response"),
    streaming: model.streaming,
    idempotent: model.isQuery,
    service,
  };
};

const serviceOf = (contract: Contract, version: string, model: PackageModel): ProtoService => {
  const compiler = new Compiler();
  const methods = new Map<string, RpcMethod>();
  let text: string | undefined;
  let files: ReadonlyMap<string, Uint8Array> | undefined;
  const service: Mutable<ProtoService> = {
    package: model.package,
    name: model.service,
    fullName: `${model.package}.${model.service}`,
    version,
    methods,
    fileName: model.fileName,
    get text() {
      return (text ??= protoTextOf(model));
    },
    get files() {
      return (files ??= fileDescriptors(model));
    },
    descriptorSet: () => descriptorSetOf(service.files),
  };
  for (const one of model.methods) {
    const method = methodOf(service, contract, compiler, one);
    if (method !== undefined) methods.set(one.name, method);
  }
  return service;
};

const made = new WeakMap<Contract, WeakMap<Numbers, Map<string, ProtoService>>>();

/**
 * The protobuf of one version of a contract; made once for each version and lock. What the lock has no number for gets the next ones, in the order of the
 * definition. Throws `RangeError` where the contract has no such version.
 */
export const protoOf = (contract: Contract, version: string, numbers: Numbers): ProtoService => {
  let byNumbers = made.get(contract);
  if (byNumbers === undefined) made.set(contract, (byNumbers = new WeakMap()));
  let versions = byNumbers.get(numbers);
  if (versions === undefined) byNumbers.set(numbers, (versions = new Map()));
  let service = versions.get(version);
  if (service === undefined) {
    service = serviceOf(contract, version, packageOf(contract, version, numberFields(contract, numbers)));
    versions.set(version, service);
  }
  return service;
};

/** A message by itself, of no contract, for answers. */
export const standaloneMessage = (model: MessageModel): MessageType => messageTypeOf(model, new Compiler(), "response");

/** The .proto of a version, for a document handler. */
export const protoText = (contract: Contract, version: string, numbers: Numbers): string =>
  protoOf(contract, version, numbers).text;
