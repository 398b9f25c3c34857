/**
 * The protocol description: what an engineer who is to call a service reads, or prints. Made from the definition alone, so that it says what the server does:
 * addresses, credentials, every operation with its input, answer, refusals and an example, and the same on the other channels.
 */
import type { Contract, Operation, ResourceContract } from "../contract.ts";
import { examplesOf } from "../example.ts";
import { type Address, addressesOf } from "../openapi/addresses.ts";
import { refusalTypes } from "../refusal-types.ts";
import { versionView } from "../versions.ts";
import { fieldRows } from "./fields.ts";
import type { Block, ProtocolDocument } from "./model.ts";

export interface ProtocolOptions {
  /** Name of the version; the newest when absent. */
  readonly version?: string;
  /** `https://api.example.com`; absent: a placeholder. */
  readonly origin?: string;
}

const placeholder = "https://api.example.com";

const code = (text: string): string => `\`${text}\``;
const list = (items: Iterable<string>): string => [...items].map(code).join(", ");

const heading = (level: 1 | 2 | 3, text: string, id: string): Block => ({ kind: "heading", level, text, id });
const text = (content: string): Block => ({ kind: "text", text: content });
const json = (value: unknown): Block => ({
  kind: "code",
  text: JSON.stringify(value, (_, inner: unknown) => (typeof inner === "bigint" ? String(inner) : inner), 2),
});

const introduction = (contract: Contract, base: string, origin: string): readonly Block[] => {
  const { service, version } = contract;
  const definition = contract.older.find(({ name }) => name === version);
  const pascal = `${service[0]?.toUpperCase() ?? ""}${service.slice(1)}`;
  const below = `${origin}${base}`;
  return [
    heading(1, "1 The service", "service"),
    text(contract.doc),
    ...(definition?.deprecated === undefined
      ? []
      : [
          text(
            `This version is deprecated since ${definition.deprecated}${definition.sunset === undefined ? "" : ` and is switched off on ${definition.sunset}`}.`,
          ),
        ]),
    heading(2, "1.1 Addresses", "addresses"),
    text(
      "Every operation of this document is served on every one of these; limits, permissions and effects are the same on all.",
    ),
    {
      kind: "table",
      columns: ["Protocol", "Address", "Machine-readable contract"],
      widths: [2, 5, 4],
      rows: [
        ["REST", code(`${below}/…`), code(`${below}/openapi.json`)],
        ["GraphQL", code(`${below}/graphql`), "by introspection"],
        ["gRPC", `${code(`${service}.${version}.${pascal}Service`)} on the port for gRPC`, code(`${below}/${service}.proto`)],
        ["Connect, gRPC-Web", code(`${origin}/${service}.${version}.${pascal}Service/…`), code(`${below}/${service}.proto`)],
        ["SOAP 1.1 and 1.2", code(`${below}/soap`), code(`${below}/soap?wsdl`)],
        ["WebSocket, server-sent events", code(`${below}/stream`), code(`${below}/asyncapi.json`)],
        ["MCP", code(`${below}/mcp`), "by listing tools"],
        ["Line protocol", "TCP, on the port for it", "this document"],
      ],
    },
    heading(2, "1.2 Credentials", "credentials"),
    {
      kind: "table",
      columns: ["Kind", "How"],
      widths: [2, 9],
      rows: [
        ["API key", `Header ${code("Authorization: Bearer pons_…")} or ${code("X-Api-Key: pons_…")}. Never in an address.`],
        [
          "Signed request",
          `RFC 9421: headers ${code("Signature-Input")}, ${code("Signature")} and, with a body, ${code("Content-Digest")}.`,
        ],
        [
          "OAuth 2.1",
          `Header ${code("Authorization: Bearer <token>")}; discovery at ${code(`${origin}/.well-known/openid-configuration`)}.`,
        ],
        ["Basic", "Id and secret of an app, where a client knows nothing better, such as SOAP."],
      ],
    },
    heading(2, "1.3 Requests and answers", "answers"),
    text(
      `An answer says ${code("success")}; with ${code("data")} where it is true, with ${code("error")} where it is not. The status line says the same as ${code("error.code")}. ${code("error.type")} never changes its meaning; the message is in the caller's language (${code("Accept-Language")}).`,
    ),
    json({ success: true, data: { id: "…" } }),
    json({
      success: false,
      error: { code: 422, type: "validation_failed", message: "Validation failed", requestId: "…" },
      data: { name: ["The name must not be empty."] },
    }),
    {
      kind: "list",
      items: [
        `Lists: ${code("page")} and ${code("perPage")}, or ${code("cursor")}; ${code("sortBy=name.desc")}; filters ${code("status=active")}, ${code("price>=500")}, ${code("name~=John")}; ${code("fields")} and ${code("include")}.`,
        `Many at once: an array instead of an object on POST, PATCH and PUT; ${code('{"ids":[…]}')} on DELETE; mixed calls at ${code(`${base}/batch`)}.`,
        `The same command twice has one effect when both carry the same ${code("Idempotency-Key")}: the second is answered like the first, with ${code("Idempotent-Replayed: true")}.`,
        `${code("ETag")} and ${code("If-Match")} keep one caller from overwriting what another has changed.`,
        `${code("RateLimit")} and ${code("RateLimit-Policy")} say what is left of limits; a refusal for them carries ${code("Retry-After")}.`,
        "Amounts of money are whole numbers of the currency's smallest unit; beyond 2^53 they are strings of digits.",
      ],
    },
    heading(2, "1.4 Roles", "roles"),
    {
      kind: "table",
      columns: ["Role", "Who"],
      widths: [2, 9],
      rows: Object.entries(contract.roles).map(([role, doc]) => [code(role), doc]),
    },
  ];
};

const hasBody = ({ action }: Operation): boolean => !["list", "get", "delete", "count", "property", "stats"].includes(action);

const outputText = ({ output, resource }: Operation): string => {
  switch (output.kind) {
    case "row":
      return `A row of ${code(resource?.name ?? "")}.`;
    case "rows":
      return `Rows of ${code(resource?.name ?? "")}, with ${code("pagination")}.`;
    case "none":
      return "Nothing.";
    case "count":
      return "A number.";
    case "value":
      return "A value.";
    case "stats":
      return "Groups with what is measured of each.";
    case "document":
      return `A document: ${list(output.mediaTypes)}.`;
    case "fields":
      return "An object:";
  }
};

const exampleRequest = (contract: Contract, operation: Operation, { method, path }: Address, base: string): readonly Block[] => {
  const prefixOf = (name: string): string | undefined => contract.resources.get(name)?.prefix;
  const lines = `${method} ${base}${path} HTTP/1.1\nAuthorization: Bearer pons_…`;
  if (!hasBody(operation) || Object.keys(operation.input).length === 0) return [{ kind: "code", text: lines }];
  const body = JSON.stringify(
    examplesOf(operation.input, { prefixOf }),
    (_, value: unknown) => (typeof value === "bigint" ? String(value) : value),
    2,
  );
  return [{ kind: "code", text: `${lines}\nContent-Type: application/json\n\n${body}` }];
};

const operationBlocks = (
  contract: Contract,
  operation: Operation,
  { number, addresses, base }: { readonly number: string; readonly addresses: readonly Address[]; readonly base: string },
): readonly Block[] => {
  const { name, doc, input, required, refusals, roles, output, cost } = operation;
  const own = addresses.filter((address) => address.operation === operation && address.property === undefined);
  // Of those for one row and for many, the one for one row: its body is the input.
  const example = own.find(({ use }) => use === "change" || use === "delete") ?? own[0];
  return [
    heading(3, `${number} ${name}`, name),
    text(doc),
    {
      kind: "table",
      columns: ["", ""],
      widths: [2, 9],
      rows: [
        ["Address", own.map(({ method, path }) => code(`${method} ${path}`)).join(", ") || "on other channels only"],
        ["Roles", list(roles)],
        ...(cost === 1 ? [] : [["Units", String(cost)]]),
        ...(operation.stepUp ? [["Second factor", "a person has to have shown it lately"]] : []),
        ["Answer", outputText(operation)],
      ],
    },
    ...(hasBody(operation) && Object.keys(input).length > 0
      ? [
          text("Input:"),
          { kind: "table" as const, columns: fieldColumns, widths: fieldWidths, rows: fieldRows(input, { required }) },
        ]
      : []),
    ...(output.kind === "fields"
      ? [text("Answer:"), { kind: "table" as const, columns: fieldColumns, widths: fieldWidths, rows: fieldRows(output.fields) }]
      : []),
    ...(Object.keys(refusals).length === 0
      ? []
      : [
          text("Refusals of its own:"),
          {
            kind: "table" as const,
            columns: ["Type", "Status", "Meaning"],
            widths: [3, 1, 7],
            rows: Object.entries(refusals).map(([type, refusal]) => [code(type), String(refusal.status), refusal.doc ?? ""]),
          },
        ]),
    ...(example === undefined ? [] : exampleRequest(contract, operation, example, base)),
  ];
};

const fieldColumns = ["Field", "Type", "Must be given", "Meaning"] as const;
const fieldWidths = [3, 3, 2, 6] as const;

const resourceBlocks = (
  contract: Contract,
  resource: ResourceContract,
  place: { readonly number: string; readonly addresses: readonly Address[]; readonly base: string },
): readonly Block[] => {
  const { name, doc, fields, filters, events } = resource;
  const operations = [...contract.operations.values()].filter((operation) => operation.resource?.name === name);
  return [
    heading(2, `${place.number} ${name}`, `resource-${name}`),
    text(doc),
    {
      kind: "table",
      columns: ["Field", "Type", "May be empty", "Meaning"],
      widths: fieldWidths,
      rows: fieldRows(fields, { isRow: true }),
    },
    ...(Object.keys(filters).length === 0
      ? []
      : [
          text("Named filters:"),
          {
            kind: "list" as const,
            items: Object.entries(filters).map(([filter, { params }]) =>
              Object.keys(params).length === 0 ? code(filter) : code(`${filter}(${Object.keys(params).join(", ")})`),
            ),
          },
        ]),
    ...operations.flatMap((operation, at) =>
      operationBlocks(contract, operation, { ...place, number: `${place.number}.${at + 1}` }),
    ),
    ...(Object.keys(events).length === 0
      ? []
      : [
          text("Events:"),
          {
            kind: "table" as const,
            columns: ["Event", "When", "Data"],
            widths: [3, 4, 4],
            rows: Object.entries(events).map(([event, { doc: when = "", data }]) => [
              code(`${name}.${event}`),
              when,
              list(Object.keys(data)),
            ]),
          },
        ]),
  ];
};

/** Describes a version of a service. */
export const protocolOf = (newest: Contract, options: ProtocolOptions = {}): ProtocolDocument => {
  const version = options.version ?? newest.version;
  const { contract } = versionView(newest, version);
  const origin = options.origin ?? placeholder;
  const base = `/${contract.service}/${version}`;
  const addresses = addressesOf(contract);
  const resources = [...contract.resources.values()].filter(({ name }) =>
    [...contract.operations.values()].some(({ resource }) => resource?.name === name),
  );
  const free = [...contract.operations.values()].filter(({ resource }) => resource === undefined);
  const described = { ...contract, version, older: newest.older };
  return {
    title: `${contract.title}: protocol`,
    subtitle: `Version ${version}`,
    blocks: [
      ...introduction(described, base, origin),
      heading(1, "2 Resources", "resources"),
      ...resources.flatMap((resource, at) => resourceBlocks(contract, resource, { number: `2.${at + 1}`, addresses, base })),
      ...(free.length === 0
        ? []
        : [
            heading(1, "3 Operations of the service", "operations"),
            ...free.flatMap((operation, at) => operationBlocks(contract, operation, { number: `3.${at + 1}`, addresses, base })),
          ]),
      heading(1, `${free.length === 0 ? 3 : 4} Refusals`, "refusals"),
      text("Refusals that every operation may answer. Their types never change their meaning."),
      {
        kind: "table",
        columns: ["Type", "Status", "Meaning"],
        widths: [3, 1, 7],
        rows: Object.entries(refusalTypes).map(([type, { status, doc }]) => [code(type), String(status), doc]),
      },
    ],
  };
};
