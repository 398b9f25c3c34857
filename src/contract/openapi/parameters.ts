/** Parameters of addresses: ids in the path, what a list is asked for, and the headers that mean something. */
import type { Field } from "../../define/field.ts";
import type { Operation, ResourceContract } from "../contract.ts";
import { wireDefault } from "../example.ts";
import { fieldSchema } from "../json-schema.ts";
import { isControl, isFilterable, orderedKinds, textKinds } from "../query.ts";
import type { Address } from "./addresses.ts";
import type { Components, Json } from "./components.ts";
import { pascal, rowName } from "./names.ts";
import type { Schemas } from "./schemas.ts";

/** A value to compare with: of the field's type, but without its bounds (`balance>=-5` is a fair question). */
export const comparedSchema = (name: string, field: Field): Json => {
  const plain: Field = { ...field, options: {} };
  const {
    examples: _examples,
    readOnly: _readOnly,
    description: _description,
    maxLength: _maxLength,
    ...schema
  } = fieldSchema(plain, { direction: "output", name });
  return schema;
};

const operatorsOf = (name: string, { kind, options }: Field): string[] => [
  `\`${name}!=\` none of the values`,
  ...(orderedKinds.has(kind) && !textKinds.has(kind) ? [`\`${name}>=\`, \`${name}<=\`, \`${name}>\`, \`${name}<\` a range`] : []),
  ...(textKinds.has(kind) && kind !== "id" && kind !== "ref" && kind !== "enum"
    ? [`\`${name}~=\` contains, case-insensitive`, `\`${name}^=\` starts with`]
    : []),
  ...(options.optional === true ? [`\`${name}[null]=true\` is empty`] : []),
];

const readNote = ({ options }: Field): string => (options.read === undefined ? "" : ` Only for: ${options.read.join(", ")}.`);

const sentence = (text: string): string => (text === "" ? "" : `${text} `);

const query = (name: string, schema: Json, description: string, more: Json = {}): Json => ({
  name,
  in: "query",
  description,
  schema,
  ...more,
});

/** Makes the parameters of one version's addresses. */
export class Parameters {
  readonly #components: Components;
  readonly #schemas: Schemas;

  constructor(components: Components, schemas: Schemas) {
    this.#components = components;
    this.#schemas = schemas;
  }

  #shared(name: string, make: () => Json): Json {
    return this.#components.ref("parameters", name, make);
  }

  /** Every parameter of an address; header parameters last. */
  of(address: Address): Json[] {
    const { operation, use } = address;
    const resource = operation?.resource;
    const parameters = this.#path(address);
    if (resource !== undefined && use === "list") parameters.push(...this.#list(resource), ...this.#filters(resource));
    if (resource !== undefined && use === "value") parameters.push(...this.#filters(resource));
    if (resource !== undefined && use === "get") parameters.push(...this.#chosen(resource));
    const answersData = use !== "delete" && use !== "unrelate";
    if (answersData) parameters.push(this.#envelope());
    return [...parameters, this.#language(), ...this.#headers(address, operation)];
  }

  #path({ path, operation, parent, use }: Address): Json[] {
    const parameters: Json[] = [];
    if (use === "job")
      parameters.push(
        this.#shared("JobId", () => ({
          name: "id",
          in: "path",
          required: true,
          description: "The job's id.",
          schema: { type: "string" },
        })),
      );
    else if (path.includes("{id}")) {
      const resource = parent ?? operation?.resource;
      if (resource !== undefined) parameters.push(this.#id(resource, "id"));
    }
    if (path.includes("{relatedId}") && operation?.resource !== undefined) {
      const related = parent?.many.get(path.split("/")[3] ?? "")?.target ?? operation.resource;
      parameters.push(this.#id(related, "relatedId"));
    }
    return parameters;
  }

  #id(resource: ResourceContract, name: "id" | "relatedId"): Json {
    return this.#shared(`${rowName(resource)}${pascal(name)}`, () => {
      const field = resource.fields["id"];
      const schema = field === undefined ? { type: "string" } : this.#schemas.output("id", field);
      return { name, in: "path", required: true, description: `Id of the ${resource.singular}.`, schema };
    });
  }

  #envelope(): Json {
    return this.#shared("Envelope", () =>
      query(
        "envelope",
        { type: "boolean", default: true },
        "`false`: the bare `data`, the page in headers. The same as `Prefer: envelope=none`.",
      ),
    );
  }

  #language(): Json {
    return this.#shared("Language", () =>
      query(
        "language",
        { type: "string", pattern: "^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$" },
        "Language of messages (BCP 47); wins over `Accept-Language`.",
      ),
    );
  }

  #chosen(resource: ResourceContract): Json[] {
    const relations = [...resource.one.keys(), ...resource.many.keys()];
    const example = resource.fieldNames.slice(0, 2).join(",");
    return [
      this.#shared(`${rowName(resource)}Fields`, () =>
        query(
          "fields",
          { type: "array", items: { type: "string" } },
          `Only these fields are answered, such as \`${example}\`; \`relation.field\` chooses within a relation. Of: ${resource.fieldNames.map((name) => `\`${name}\``).join(", ")}.`,
          { style: "form", explode: false },
        ),
      ),
      ...(relations.length === 0
        ? []
        : [
            this.#shared(`${rowName(resource)}Include`, () =>
              query(
                "include",
                { type: "string" },
                `Related rows to put into the row: ${relations.map((name) => `\`${name}\``).join(", ")}. With options: \`relation(perPage:5,sortBy:field.desc,include:other)\`; several are separated by commas.`,
              ),
            ),
          ]),
    ];
  }

  #list(resource: ResourceContract): Json[] {
    const sortable = Object.entries(resource.fields).filter(([, field]) => isFilterable(field));
    const fallback = resource.sortBy.map(({ path, direction }) => `${path.join(".")}.${direction}`).join(",") || "id.asc";
    return [
      this.#shared("Page", () =>
        query(
          "page",
          { type: "integer", minimum: 1, maximum: 1_000_000, default: 1 },
          "Number of the page. A page beyond the last is 404.",
        ),
      ),
      this.#shared(`${rowName(resource)}PerPage`, () =>
        query(
          "perPage",
          { type: "integer", minimum: 1, maximum: resource.maxPerPage, default: resource.perPage },
          "Rows per page.",
        ),
      ),
      this.#shared("Cursor", () =>
        query(
          "cursor",
          { type: "string" },
          "Continues behind the row of `pagination.nextCursor`; empty begins. Stable while rows are inserted; not together with `page`.",
        ),
      ),
      this.#shared("Count", () =>
        query("count", { type: "boolean" }, "Whether totals are counted: by default with `page`, not with `cursor`."),
      ),
      this.#shared(`${rowName(resource)}SortBy`, () =>
        query(
          "sortBy",
          { type: "array", items: { type: "string", pattern: "^[A-Za-z][A-Za-z0-9.]*$" }, maxItems: 8 },
          `Fields to sort by, each with \`.asc\` or \`.desc\`; ties are broken by id. By default \`${fallback}\`. Of: ${sortable.map(([name]) => `\`${name}\``).join(", ")}, and fields of to-one relations as \`relation.field\`.`,
          { style: "form", explode: false },
        ),
      ),
      ...this.#chosen(resource),
    ];
  }

  #filters(resource: ResourceContract): Json[] {
    const base = rowName(resource);
    const named = Object.entries(resource.filters);
    return [
      ...(named.length === 0
        ? []
        : [this.#shared(`${base}Filters`, () => query("filters", { type: "string" }, namedText(resource)))]),
      ...Object.entries(resource.fields)
        .filter(([, field]) => isFilterable(field))
        .map(([name, field]) =>
          this.#shared(`${base}Where${pascal(name)}`, () =>
            query(
              isControl(name) ? `${name}[eq]` : name,
              { type: "array", items: comparedSchema(name, field), maxItems: 200 },
              `${sentence(field.options.doc ?? "")}One of these values. Also: ${operatorsOf(name, field).join("; ")}.${readNote(field)}`,
              { style: "form", explode: true },
            ),
          ),
        ),
      this.#shared(`${base}Where`, () =>
        query("where", { type: "object", additionalProperties: { type: "string" } }, whereText(resource), {
          style: "form",
          explode: true,
          example: {},
        }),
      ),
    ];
  }

  #headers({ method, use, path }: Address, operation: Operation | undefined): Json[] {
    const header = (name: string, text: string, schema: Json = { type: "string" }): Json =>
      this.#shared(name.replaceAll("-", ""), () => ({ name, in: "header", description: text, schema }));
    const isRead = method === "GET" || method === "QUERY";
    const isCommand = !isRead && (operation?.kind === "command" || use === "unrelate" || use === "batch");
    const onItem =
      path.includes("{id}") && isCommand && (use === "change" || use === "delete" || use === "setProperty" || use === "function");
    return [
      header("Accept-Language", "Languages in order of preference (RFC 4647)."),
      ...(isRead ? [header("If-None-Match", "The `ETag` of an earlier answer: 304 when nothing changed.")] : []),
      ...(onItem ? [header("If-Match", "The `ETag` the row was read with: 412 when it changed since.")] : []),
      ...(isCommand
        ? [
            header(
              "Idempotency-Key",
              "A key of the caller's own, 1 to 255 characters. Repeated with the same body it gives the stored answer with `Idempotent-Replayed: true`; with another body it is refused.",
              { type: "string", minLength: 1, maxLength: 255 },
            ),
          ]
        : []),
      header(
        "Prefer",
        "RFC 7240: `return=minimal`, `respond-async` (202 with a job), `atomic` or `independent` (batches), `envelope=none`, `timing`.",
      ),
      header("X-Request-Id", "The caller's own id of the request; it comes back and stands in the log.", {
        type: "string",
        maxLength: 128,
      }),
      header("traceparent", "W3C Trace Context."),
    ];
  }
}

const paramText = (name: string, field: Field): string =>
  `\`${name}\` (${field.kind}${field.options.default === undefined ? (field.options.optional === true ? ", optional" : "") : `, default ${JSON.stringify(wireDefault(field))}`})`;

/** The named filters of a resource and how they are written. */
const namedText = (resource: ResourceContract): string => {
  const lines = Object.entries(resource.filters).map(([name, { params, doc }]) => {
    const list = Object.entries(params).map(([param, field]) => paramText(param, field));
    return `- \`${name}\`${list.length === 0 ? "" : ` with ${list.join(", ")}`}${doc === undefined ? "" : `: ${doc}`}`;
  });
  return `Named filters, separated by \`;\`, parameters in parentheses: \`name(param:value,other:value)\`.\n\n${lines.join("\n")}`;
};

/** What the one parameter per field cannot say. */
const whereText = (resource: ResourceContract): string => {
  const relations = [...resource.one].map(([name, { target }]) => `\`${name}.{field of ${target.name}}\``);
  return [
    "Any further condition, as a parameter named `{field}[{operator}]` with the operators `eq`, `ne`, `lt`, `lte`, `gt`, `gte`, `contains`, `startsWith` and `null`; the same as `field>=value` and so on.",
    ...(relations.length === 0 ? [] : [`Fields of to-one relations: ${relations.join(", ")}.`]),
    "An unknown field or operator is refused by its name.",
  ].join(" ");
};
