/**
 * Descriptors of the services that the listener has of its own (health, reflection), for reflection: serialized google.protobuf.FileDescriptorProto, written
 * from the lines of their published .proto files.
 */
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";

/** FieldDescriptorProto.Type. */
const scalars = { bytes: 12, int32: 5, string: 9 } as const;
type Scalar = keyof typeof scalars;

/** `repeated` before a type; `oneof` puts the field into the message's one oneof; a name that is no scalar is a message or enum of the package. */
interface FieldOf {
  readonly number: number;
  readonly type: string;
  readonly oneof?: true;
}

interface MessageOf {
  readonly name: string;
  readonly oneof?: string;
  readonly fields: Readonly<Record<string, FieldOf>>;
  readonly enums?: Readonly<Record<string, readonly string[]>>;
  readonly nested?: readonly MessageOf[];
}

interface MethodOf {
  readonly input: string;
  readonly output: string;
  readonly clientStreams?: true;
  readonly serverStreams?: true;
}

export interface FileOf {
  readonly name: string;
  readonly package: string;
  readonly messages: readonly MessageOf[];
  readonly service: string;
  readonly methods: Readonly<Record<string, MethodOf>>;
}

const optional = 1;
const repeated = 3;
const typeMessage = 11;
const typeEnum = 14;

const text = (writer: BinaryWriter, number: number, value: string): BinaryWriter =>
  writer.tag(number, WireType.LengthDelimited).string(value);
const int = (writer: BinaryWriter, number: number, value: number): BinaryWriter =>
  writer.tag(number, WireType.Varint).int32(value);
const nested = (writer: BinaryWriter, number: number, write: (inner: BinaryWriter) => void): void => {
  writer.tag(number, WireType.LengthDelimited).fork();
  write(writer);
  writer.join();
};
/** `file_by_filename` → `fileByFilename`. */
const jsonName = (name: string): string => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
const isScalar = (type: string): type is Scalar => Object.hasOwn(scalars, type);

const writeField = (writer: BinaryWriter, scope: string, name: string, { number, type, oneof }: FieldOf): void => {
  const isRepeated = type.startsWith("repeated ");
  const bare = isRepeated ? type.slice("repeated ".length) : type;
  text(writer, 1, name);
  int(writer, 3, number);
  int(writer, 4, isRepeated ? repeated : optional);
  if (isScalar(bare)) {
    int(writer, 5, scalars[bare]);
  } else {
    // Enums are named with their message: `HealthCheckResponse.ServingStatus`.
    int(writer, 5, bare.startsWith("enum ") ? typeEnum : typeMessage);
    text(writer, 6, `.${scope}.${bare.replace(/^enum /, "")}`);
  }
  if (oneof === true) int(writer, 9, 0);
  text(writer, 10, jsonName(name));
};

const writeMessage = (writer: BinaryWriter, scope: string, message: MessageOf): void => {
  const { name, fields, enums = {}, nested: inside = [], oneof } = message;
  text(writer, 1, name);
  for (const [field, given] of Object.entries(fields)) nested(writer, 2, (inner) => writeField(inner, scope, field, given));
  for (const one of inside) {
    nested(writer, 3, (inner) => {
      writeMessage(inner, scope, one);
      // A map's entry.
      nested(inner, 7, (options) => void int(options, 7, 1));
    });
  }
  for (const [enumName, values] of Object.entries(enums)) {
    nested(writer, 4, (inner) => {
      text(inner, 1, enumName);
      for (const [number, value] of values.entries()) nested(inner, 2, (entry) => void int(text(entry, 1, value), 2, number));
    });
  }
  if (oneof !== undefined) nested(writer, 8, (inner) => void text(inner, 1, oneof));
};

/** A serialized FileDescriptorProto, proto3. */
export const fileDescriptor = (file: FileOf): Uint8Array => {
  const writer = new BinaryWriter();
  text(writer, 1, file.name);
  text(writer, 2, file.package);
  for (const message of file.messages) nested(writer, 4, (inner) => writeMessage(inner, file.package, message));
  nested(writer, 6, (service) => {
    text(service, 1, file.service);
    for (const [name, { input, output, clientStreams, serverStreams }] of Object.entries(file.methods)) {
      nested(service, 2, (method) => {
        text(method, 1, name);
        text(method, 2, `.${file.package}.${input}`);
        text(method, 3, `.${file.package}.${output}`);
        if (clientStreams === true) int(method, 5, 1);
        if (serverStreams === true) int(method, 6, 1);
      });
    }
  });
  text(writer, 12, "proto3");
  return writer.finish();
};

const healthResponse = "HealthCheckResponse";

/** grpc/health/v1/health.proto */
export const healthFile: FileOf = {
  name: "grpc/health/v1/health.proto",
  package: "grpc.health.v1",
  messages: [
    { name: "HealthCheckRequest", fields: { service: { number: 1, type: "string" } } },
    {
      name: healthResponse,
      fields: { status: { number: 1, type: `enum ${healthResponse}.ServingStatus` } },
      enums: { ServingStatus: ["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"] },
    },
    { name: "HealthListRequest", fields: {} },
    {
      name: "HealthListResponse",
      fields: { statuses: { number: 1, type: "repeated HealthListResponse.StatusesEntry" } },
      nested: [
        {
          name: "StatusesEntry",
          fields: { key: { number: 1, type: "string" }, value: { number: 2, type: healthResponse } },
        },
      ],
    },
  ],
  service: "Health",
  methods: {
    Check: { input: "HealthCheckRequest", output: healthResponse },
    List: { input: "HealthListRequest", output: "HealthListResponse" },
    Watch: { input: "HealthCheckRequest", output: healthResponse, serverStreams: true },
  },
};

const oneOf = (number: number, type: string): FieldOf => ({ number, type, oneof: true });

/** grpc/reflection/{version}/reflection.proto: the two versions are the same but for the package. */
export const reflectionFile = (version: "v1" | "v1alpha"): FileOf => ({
  name: `grpc/reflection/${version}/reflection.proto`,
  package: `grpc.reflection.${version}`,
  messages: [
    {
      name: "ServerReflectionRequest",
      oneof: "message_request",
      fields: {
        host: { number: 1, type: "string" },
        file_by_filename: oneOf(3, "string"),
        file_containing_symbol: oneOf(4, "string"),
        file_containing_extension: oneOf(5, "ExtensionRequest"),
        all_extension_numbers_of_type: oneOf(6, "string"),
        list_services: oneOf(7, "string"),
      },
    },
    {
      name: "ExtensionRequest",
      fields: { containing_type: { number: 1, type: "string" }, extension_number: { number: 2, type: "int32" } },
    },
    {
      name: "ServerReflectionResponse",
      oneof: "message_response",
      fields: {
        valid_host: { number: 1, type: "string" },
        original_request: { number: 2, type: "ServerReflectionRequest" },
        file_descriptor_response: oneOf(4, "FileDescriptorResponse"),
        all_extension_numbers_response: oneOf(5, "ExtensionNumberResponse"),
        list_services_response: oneOf(6, "ListServiceResponse"),
        error_response: oneOf(7, "ErrorResponse"),
      },
    },
    { name: "FileDescriptorResponse", fields: { file_descriptor_proto: { number: 1, type: "repeated bytes" } } },
    {
      name: "ExtensionNumberResponse",
      fields: { base_type_name: { number: 1, type: "string" }, extension_number: { number: 2, type: "repeated int32" } },
    },
    { name: "ListServiceResponse", fields: { service: { number: 1, type: "repeated ServiceResponse" } } },
    { name: "ServiceResponse", fields: { name: { number: 1, type: "string" } } },
    {
      name: "ErrorResponse",
      fields: { error_code: { number: 1, type: "int32" }, error_message: { number: 2, type: "string" } },
    },
  ],
  service: "ServerReflection",
  methods: {
    ServerReflectionInfo: {
      input: "ServerReflectionRequest",
      output: "ServerReflectionResponse",
      clientStreams: true,
      serverStreams: true,
    },
  },
});
