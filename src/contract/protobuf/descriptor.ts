/** The same package as a FileDescriptorProto, for reflection and for clients without a compiler; with the files that it imports. */
import { create, type DescFile, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import {
  type DescriptorProtoSchema,
  type EnumDescriptorProtoSchema,
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  type FieldDescriptorProtoSchema,
  file_google_protobuf_field_mask,
  file_google_protobuf_struct,
  file_google_protobuf_timestamp,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
  MethodOptions_IdempotencyLevel,
} from "@bufbuild/protobuf/wkt";
import type { EnumModel, FieldModel, FieldType, MessageModel, PackageModel } from "./model.ts";
import { fileOptions, importsOf } from "./text.ts";
import { camelCase } from "./well-known.ts";

type DescriptorInit = MessageInitShape<typeof DescriptorProtoSchema>;
type FieldInit = MessageInitShape<typeof FieldDescriptorProtoSchema>;
type EnumInit = MessageInitShape<typeof EnumDescriptorProtoSchema>;

const imported: Readonly<Record<string, DescFile>> = {
  "google/protobuf/field_mask.proto": file_google_protobuf_field_mask,
  "google/protobuf/struct.proto": file_google_protobuf_struct,
  "google/protobuf/timestamp.proto": file_google_protobuf_timestamp,
};

const { MESSAGE, ENUM, STRING, BOOL, INT32, INT64, BYTES } = FieldDescriptorProto_Type;

const typeOf = (type: FieldType): FieldInit => {
  switch (type.kind) {
    case "string":
    case "digits":
      return { type: STRING };
    case "bool":
      return { type: BOOL };
    case "int32":
      return { type: INT32 };
    case "int64":
      return { type: INT64 };
    case "bytes":
      return { type: BYTES };
    case "timestamp":
      return { type: MESSAGE, typeName: ".google.protobuf.Timestamp" };
    case "value":
      return { type: MESSAGE, typeName: ".google.protobuf.Value" };
    case "struct":
      return { type: MESSAGE, typeName: ".google.protobuf.Struct" };
    case "mask":
      return { type: MESSAGE, typeName: ".google.protobuf.FieldMask" };
    case "enum":
      return { type: ENUM, typeName: `.${type.of.fullName}` };
    case "message":
    case "wrapped":
      return { type: MESSAGE, typeName: `.${type.of.fullName}` };
  }
};

const reservedRanges = (numbers: readonly number[], isEnum: boolean): { start: number; end: number }[] =>
  numbers.toSorted((a, b) => a - b).map((number) => ({ start: number, end: isEnum ? number : number + 1 }));

const enumInit = ({ name, unspecified, values, reserved }: EnumModel): EnumInit => ({
  name,
  value: [{ name: unspecified, number: 0 }, ...values.map((value) => ({ name: value.name, number: value.number }))],
  reservedRange: reservedRanges(reserved.numbers, true),
  reservedName: reserved.names,
});

const messageInit = (model: MessageModel): DescriptorInit => {
  const oneofs = [...new Set(model.fields.flatMap(({ oneof }) => oneof ?? []))];
  const synthetic: string[] = [];
  const field = (of: FieldModel): FieldInit => {
    const { protoName, number, presence, oneof } = of;
    const type = typeOf(of.type);
    const isOptional = presence === "explicit" && oneof === undefined && type.type !== MESSAGE;
    if (isOptional) synthetic.push(`_${protoName}`);
    return {
      name: protoName,
      jsonName: camelCase(protoName),
      number,
      label: presence === "repeated" ? FieldDescriptorProto_Label.REPEATED : FieldDescriptorProto_Label.OPTIONAL,
      ...type,
      ...(oneof === undefined ? {} : { oneofIndex: oneofs.indexOf(oneof) }),
      // proto3 `optional`: a oneof of its own, behind the others.
      ...(isOptional ? { proto3Optional: true, oneofIndex: oneofs.length + synthetic.length - 1 } : {}),
    };
  };
  const fields = model.fields.map(field);
  return {
    name: model.name,
    field: fields,
    nestedType: model.messages.map(messageInit),
    enumType: model.enums.map(enumInit),
    oneofDecl: [...oneofs, ...synthetic].map((name) => ({ name })),
    reservedRange: reservedRanges(model.reserved.numbers, false),
    reservedName: model.reserved.names,
  };
};

/** Serialized FileDescriptorProtos by the file's name, each after what it depends on. */
export const fileDescriptors = (model: PackageModel): ReadonlyMap<string, Uint8Array> => {
  const imports = importsOf(model);
  const options = fileOptions(model);
  const file = create(FileDescriptorProtoSchema, {
    name: model.fileName,
    package: model.package,
    syntax: "proto3",
    dependency: [...imports],
    messageType: model.messages.map(messageInit),
    service: [
      {
        name: model.service,
        method: model.methods.map(({ name, input, output, streaming, isQuery }) => ({
          name,
          inputType: `.${input.fullName}`,
          outputType: `.${output.fullName}`,
          ...(streaming === "both" ? { clientStreaming: true } : {}),
          ...(streaming === "none" ? {} : { serverStreaming: true }),
          ...(isQuery ? { options: { idempotencyLevel: MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS } } : {}),
        })),
      },
    ],
    options: Object.fromEntries(Object.entries(options).map(([name, value]) => [camelCase(name), value])),
  });
  const files = new Map<string, Uint8Array>();
  for (const name of imports) {
    const found = imported[name];
    if (found !== undefined) files.set(name, toBinary(FileDescriptorProtoSchema, found.proto));
  }
  return files.set(model.fileName, toBinary(FileDescriptorProtoSchema, file));
};

/** One google.protobuf.FileDescriptorSet of serialized files: each is its field 1. */
export const descriptorSetOf = (files: ReadonlyMap<string, Uint8Array>): Uint8Array => {
  const empty = toBinary(FileDescriptorSetSchema, create(FileDescriptorSetSchema));
  const parts = [...files.values()].flatMap((file) => {
    const head: number[] = [0x0a];
    let rest = file.length;
    while (rest > 127) {
      head.push((rest & 127) | 128);
      rest >>>= 7;
    }
    head.push(rest);
    return [Uint8Array.from(head), file];
  });
  return new Uint8Array(Buffer.concat([empty, ...parts]));
};
