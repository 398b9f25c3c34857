/** `pons call`: one operation of a running server, by its name. */
import { requireConfig } from "../../host/config.ts";
import { type DemoFile, demoPath, readDemoFile } from "../../host/demo-file.ts";
import { readGivenBody } from "../call-body.ts";
import { type Located, locateOperation } from "../call-address.ts";
import { type Command, type Invocation, servicesOption } from "../command.ts";
import { CommandError, exitCodes } from "../exit-code.ts";
import { contractOf, loadDefinitions } from "../surroundings.ts";

const formats: Readonly<Record<string, string>> = {
  json: "application/json",
  xml: "application/xml",
  yaml: "application/yaml",
  csv: "text/csv",
  ndjson: "application/x-ndjson",
};

const callers = ["sandbox", "live", "staff", "customer"];
const timeoutMs = 60_000;
/** Options that are parameters of the address, by the same name. */
const parameters = ["page", "perPage", "cursor", "count", "sortBy", "fields", "include", "filters", "language"];

/** Whom the call is made as: `--key`, or a caller of the demo tenant. */
const keyOf = ({ options, environment }: Invocation, demo: DemoFile | undefined): string => {
  const given = options.text("key") ?? environment["PONS_KEY"];
  if (given !== undefined) return given;
  const as = options.text("as") ?? "sandbox";
  if (!callers.includes(as)) throw new CommandError("usage", `--as is "${as}": expected ${callers.join(", ")}`);
  if (demo === undefined) {
    throw new CommandError("unavailable", "there is no demo.json in the data folder to take a key from", {
      advice: "Start a server with: pons start. Or give --url and --key.",
    });
  }
  const { keys, logins } = demo;
  const key = { sandbox: keys.sandbox, live: keys.live, staff: logins.staff.key, customer: logins.customer?.key }[as];
  if (key === undefined) throw new CommandError("usage", `the demo tenant has no ${as}`);
  return key;
};

/** `balance>=500` and `status=active` as one query string; each value is encoded, the operator is not. */
const queryOf = ({ options }: Invocation): string => {
  const parts = options.texts("filter").map((filter) => {
    const match = /^([A-Za-z0-9_.[\]]+)(>=|<=|!=|~=|\^=|=|>|<)(.*)$/s.exec(filter);
    if (match === null)
      throw new CommandError("usage", `--filter is "${filter}": expected a condition, such as status=active or balance>=500`);
    const [, name = "", operator = "", value = ""] = match;
    return `${name}${operator}${encodeURIComponent(value)}`;
  });
  for (const name of parameters) {
    for (const value of options.texts(name)) parts.push(`${name}=${encodeURIComponent(value)}`);
  }
  return parts.length === 0 ? "" : `?${parts.join("&")}`;
};

const headersOf = (invocation: Invocation, key: string, hasBody: boolean): Record<string, string> => {
  const { options, output } = invocation;
  const format = options.text("format");
  const accept = format === undefined || output.json ? formats["json"] : formats[format];
  if (accept === undefined)
    throw new CommandError("usage", `--format is "${format}": expected ${Object.keys(formats).join(", ")}`);
  const headers: Record<string, string> = { Accept: accept, Authorization: `Bearer ${key}` };
  if (hasBody) headers["Content-Type"] = "application/json";
  const optional = { "idempotency-key": "Idempotency-Key", "if-match": "If-Match", prefer: "Prefer" };
  for (const [name, header] of Object.entries(optional)) {
    const value = options.text(name);
    if (value !== undefined) headers[header] = value;
  }
  return headers;
};

const send = async (baseUrl: string, { method, path }: Located, init: RequestInit): Promise<Response> => {
  try {
    return await fetch(`${baseUrl}${path}`, { ...init, method, redirect: "manual", signal: AbortSignal.timeout(timeoutMs) });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandError("unavailable", `${baseUrl} does not answer: ${reason}`, {
      advice: "Is the server started? pons start",
      cause: error,
    });
  }
};

interface Envelope {
  readonly success?: boolean;
  readonly data?: unknown;
  readonly error?: { readonly code?: number; readonly type?: string; readonly message?: string; readonly requestId?: string };
  readonly pagination?: {
    readonly totalRecords?: number;
    readonly currentPage?: number;
    readonly totalPages?: number;
    readonly nextCursor?: string;
  };
}

/** Field by field what is wrong with the input. */
const issuesOf = (data: unknown): string[] => {
  if (typeof data !== "object" || data === null) return [];
  return Object.entries(data).flatMap(([field, messages]) =>
    Array.isArray(messages) ? messages.map((message: unknown) => `  ${field}: ${String(message)}`) : [],
  );
};

const print = async (invocation: Invocation, response: Response): Promise<number> => {
  const { output, options } = invocation;
  const code = response.ok ? exitCodes.ok.code : exitCodes.failed.code;
  const text = await response.text();
  const isJson = (response.headers.get("content-type") ?? "").startsWith("application/json");
  if (output.json || !isJson) {
    if (text !== "") output.raw(text.endsWith("\n") ? text : `${text}\n`);
    return code;
  }
  const { success, data, error, pagination } = JSON.parse(text) as Envelope;
  if (success === false && error !== undefined) {
    output.note(`pons: ${error.code ?? response.status} ${error.type ?? ""}: ${error.message ?? ""}`);
    for (const line of issuesOf(data)) output.note(line);
    output.note(`request ${error.requestId ?? "unknown"}`);
    return code;
  }
  output.result(data, JSON.stringify(data, null, 2));
  if (pagination !== undefined && !options.has("quiet")) {
    const { totalRecords, currentPage, totalPages, nextCursor } = pagination;
    const place = totalRecords === undefined ? "" : `page ${currentPage} of ${totalPages}, ${totalRecords} in all`;
    const next = nextCursor === undefined ? "" : `${place === "" ? "" : "; "}next: --cursor ${nextCursor}`;
    output.note(`${place}${next}`);
  }
  return code;
};

export const call: Command = {
  name: "call",
  summary: "Call an operation of a running server.",
  doc: [
    "The operation is named as in the contract: <service>.<resource>.<action>, <service>.<resource>.<function> or <service>.<function>.",
    "Address and key are those of demo.json in the data folder, unless --url and --key (or PONS_KEY) say otherwise. The exit code is 1 when the call is refused.",
  ],
  arguments: [{ name: "operation", doc: "Such as bank.accounts.list.", required: true }],
  options: {
    id: { type: "string", value: "<id>", doc: "The row it is about." },
    under: { type: "string", value: "<resource/id>", doc: "Rows that belong to this one: accounts/acc_1." },
    body: { type: "string", value: "<json>", doc: "The input: JSON, @file, or - for standard input." },
    filter: {
      type: "string",
      value: "<condition>",
      multiple: true,
      doc: "status=active, balance>=500, name~=Ada; may be repeated.",
    },
    filters: { type: "string", value: "<names>", doc: "Named filters: overdrawn;largerThan(amount:500)." },
    sortBy: { type: "string", value: "<fields>", multiple: true, doc: "name.desc,createdAt" },
    page: { type: "string", value: "<number>", doc: "Which page, from 1." },
    perPage: { type: "string", value: "<number>", doc: "Rows per page." },
    cursor: { type: "string", value: "<cursor>", doc: "Where the last page ended." },
    count: { type: "string", value: "<true|false>", doc: "Whether a page by cursor is counted." },
    fields: { type: "string", value: "<names>", doc: "id,name,customer.name" },
    include: { type: "string", value: "<relations>", doc: "customer,transfers(perPage:5)" },
    language: { type: "string", value: "<tag>", doc: "Language of messages." },
    version: { type: "string", value: "<name>", doc: "An older version of the service." },
    as: { type: "string", value: `<${callers.join("|")}>`, doc: "Which caller of the demo tenant; sandbox when left out." },
    key: { type: "string", value: "<key>", doc: "API key." },
    url: { type: "string", value: "<url>", doc: "Where the server is." },
    format: { type: "string", value: `<${Object.keys(formats).join("|")}>`, doc: "Print the answer in this format." },
    "idempotency-key": { type: "string", value: "<key>", doc: "Makes repeating a command safe." },
    "if-match": { type: "string", value: "<tag>", doc: "Change only what still has this entity tag." },
    prefer: { type: "string", value: "<preference>", doc: "The Prefer header: atomic, return=minimal." },
    quiet: { type: "boolean", doc: "No line about pages." },
    ...servicesOption,
  },
  examples: [
    "pons call bank.accounts.list --perPage 5 --filter status=active --sortBy balance.desc",
    'pons call bank.customers.create --body \'{"name":"Ada Lovelace","email":"ada@example.com","country":"MT"}\'',
    'pons call bank.accounts.freeze --id acc_… --body \'{"reason":"Card stolen"}\'',
    "pons call bank.transfers.list --under accounts/acc_… --format csv",
  ],
  async run(invocation) {
    const { positionals, options, environment } = invocation;
    const [name = ""] = positionals;
    const dot = name.indexOf(".");
    if (dot <= 0) throw new CommandError("usage", `"${name}" names no operation: expected one such as bank.accounts.list`);
    const { config } = requireConfig(environment);
    const demo = readDemoFile(config.data);
    const url = options.text("url") ?? demo?.baseUrl;
    if (url === undefined) {
      throw new CommandError("unavailable", `${demoPath(config.data)} is not there, so there is no server to call`, {
        advice: "Start one with: pons start. Or give --url and --key.",
      });
    }
    const key = keyOf(invocation, demo);
    const body = await readGivenBody(options.text("body"));
    const contract = contractOf(await loadDefinitions(invocation, demo?.services), name.slice(0, dot));
    const text = (option: string): Record<string, string> => {
      const value = options.text(option);
      return value === undefined ? {} : { [option]: value };
    };
    const located = locateOperation({
      contract,
      operation: name.slice(dot + 1),
      many: body?.many ?? false,
      ...text("version"),
      ...text("id"),
      ...text("under"),
    });
    const target = { ...located, path: located.path + queryOf(invocation) };
    const headers = headersOf(invocation, key, body !== undefined);
    const response = await send(url.replace(/\/+$/, ""), target, { headers, ...(body === undefined ? {} : { body: body.text }) });
    return print(invocation, response);
  },
};
