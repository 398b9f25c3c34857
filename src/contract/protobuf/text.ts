/** The .proto of a package (proto3), as `buf lint` and protoc take it: every element with a comment, removed numbers and names reserved. */
import { pascalCase } from "./names.ts";
import type { EnumModel, FieldModel, FieldType, MessageModel, MethodModel, PackageModel } from "./model.ts";

const columns = 110;

const wellKnown: Partial<Record<FieldType["kind"], readonly [type: string, file: string]>> = {
  timestamp: ["google.protobuf.Timestamp", "google/protobuf/timestamp.proto"],
  value: ["google.protobuf.Value", "google/protobuf/struct.proto"],
  struct: ["google.protobuf.Struct", "google/protobuf/struct.proto"],
  mask: ["google.protobuf.FieldMask", "google/protobuf/field_mask.proto"],
};

const collectImports = (message: MessageModel, imports: Set<string>): void => {
  for (const { type } of message.fields) {
    const file = wellKnown[type.kind]?.[1];
    if (file !== undefined) imports.add(file);
  }
  for (const inner of message.messages) collectImports(inner, imports);
};

/** Files a package needs, sorted. */
export const importsOf = ({ messages }: PackageModel): readonly string[] => {
  const imports = new Set<string>();
  for (const message of messages) collectImports(message, imports);
  return [...imports].toSorted();
};

/** A comment of lines that are not too long; nothing in it ends it. */
const comment = (text: string, indent: string): string[] => {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/).filter((part) => part !== "")) {
    if (line !== "" && indent.length + 4 + line.length + word.length > columns) {
      lines.push(line);
      line = "";
    }
    line += line === "" ? word : ` ${word}`;
  }
  if (line !== "") lines.push(line);
  return lines.map((part) => `${indent}// ${part}`);
};

/** `[3, 4, 5, 9]` → `3 to 5, 9`. */
const ranges = (numbers: readonly number[]): string => {
  const sorted = numbers.toSorted((a, b) => a - b);
  const parts: string[] = [];
  for (let index = 0; index < sorted.length; index++) {
    const first = sorted[index] ?? 0;
    while (sorted[index + 1] === (sorted[index] ?? 0) + 1) index++;
    const last = sorted[index] ?? first;
    parts.push(first === last ? String(first) : `${first} to ${last}`);
  }
  return parts.join(", ");
};

const reservedLines = ({ numbers, names }: EnumModel["reserved"], indent: string): string[] => [
  ...(numbers.length === 0 ? [] : [`${indent}reserved ${ranges(numbers)};`]),
  ...(names.length === 0 ? [] : [`${indent}reserved ${names.map((name) => `"${name}"`).join(", ")};`]),
];

const enumLines = (model: EnumModel, indent: string): string[] => [
  ...comment(model.doc, indent),
  `${indent}enum ${model.name} {`,
  ...reservedLines(model.reserved, `${indent}  `),
  `${indent}  // Not given.`,
  `${indent}  ${model.unspecified} = 0;`,
  ...model.values.flatMap(({ name, number, value }) => [
    ...comment(`\`${value}\``, `${indent}  `),
    `${indent}  ${name} = ${number};`,
  ]),
  `${indent}}`,
];

class Printer {
  readonly #package: string;

  constructor(packageName: string) {
    this.#package = packageName;
  }

  #type(type: FieldType): string {
    switch (type.kind) {
      case "enum":
      case "message":
      case "wrapped":
        return type.of.fullName.slice(this.#package.length + 1);
      case "digits":
        return "string";
      default:
        return wellKnown[type.kind]?.[0] ?? type.kind;
    }
  }

  #field(field: FieldModel, indent: string): string[] {
    const isMessage = wellKnown[field.type.kind] !== undefined || field.type.kind === "message" || field.type.kind === "wrapped";
    const label =
      field.presence === "repeated"
        ? "repeated "
        : field.presence === "explicit" && field.oneof === undefined && !isMessage
          ? "optional "
          : "";
    return [...comment(field.doc, indent), `${indent}${label}${this.#type(field.type)} ${field.protoName} = ${field.number};`];
  }

  #fields(fields: readonly FieldModel[], indent: string): string[] {
    const lines: string[] = [];
    const oneofs = new Set<string>();
    for (const field of fields) {
      const { oneof } = field;
      if (oneof === undefined) lines.push(...this.#field(field, indent));
      else if (!oneofs.has(oneof)) {
        oneofs.add(oneof);
        const parts = fields.filter((other) => other.oneof === oneof).flatMap((other) => this.#field(other, `${indent}  `));
        lines.push(`${indent}// One of these.`, `${indent}oneof ${oneof} {`, ...parts, `${indent}}`);
      }
    }
    return lines;
  }

  message(model: MessageModel, indent: string): string[] {
    const inside = `${indent}  `;
    return [
      ...comment(model.doc, indent),
      `${indent}message ${model.name} {`,
      ...reservedLines(model.reserved, inside),
      ...model.enums.flatMap((inner) => enumLines(inner, inside)),
      ...model.messages.flatMap((inner) => this.message(inner, inside)),
      ...this.#fields(model.fields, inside),
      `${indent}}`,
    ];
  }

  method({ name, input, output, streaming, isQuery, doc }: MethodModel): string[] {
    const requests = streaming === "both" ? "stream " : "";
    const responses = streaming === "none" ? "" : "stream ";
    const head = `  rpc ${name}(${requests}${input.name}) returns (${responses}${output.name})`;
    return [
      ...comment(doc, "  "),
      ...(isQuery ? [`${head} {`, "    option idempotency_level = NO_SIDE_EFFECTS;", "  }"] : [`${head};`]),
    ];
  }
}

/** Options of the file for languages that need to be told where its code goes. */
export const fileOptions = (model: PackageModel): Readonly<Record<string, string | boolean>> => {
  const [service = "", version = ""] = model.package.split(".");
  return {
    csharp_namespace: model.package.split(".").map(pascalCase).join("."),
    ...(model.isDeprecated ? { deprecated: true } : {}),
    go_package: `${service}/${version};${service}${version}`,
    java_multiple_files: true,
    java_outer_classname: `${pascalCase(service)}Proto`,
    java_package: model.package,
  };
};

/** The whole text, with a final line end. */
export const protoTextOf = (model: PackageModel): string => {
  const printer = new Printer(model.package);
  const options = Object.entries(fileOptions(model)).map(
    ([name, value]) => `option ${name} = ${typeof value === "string" ? JSON.stringify(value) : String(value)};`,
  );
  return `${[
    ...comment(`${model.doc}. Made from the service's definition; numbers are fixed by its contract lock.`, ""),
    "",
    'syntax = "proto3";',
    "",
    `package ${model.package};`,
    "",
    ...importsOf(model).map((file) => `import "${file}";`),
    "",
    ...options,
    "",
    ...comment(model.serviceDoc, ""),
    `service ${model.service} {`,
    ...model.methods.flatMap((method) => printer.method(method)),
    "}",
    ...model.messages.flatMap((message) => ["", ...printer.message(message, "")]),
  ].join("\n")}\n`;
};
