/** How the same read and the same write are asked for on each channel, and what of an answer is looked at: its status always, the row in it in a sample. */
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";

export const callNames = ["get", "create"] as const;
export type CallName = (typeof callNames)[number];

/** What a call is about: an account by its id, or a new one by its name and customer. */
export interface Subject {
  readonly id: string;
  readonly name: string;
  readonly customer: string;
}

/** What of a row is compared. */
export interface Shown {
  readonly id: unknown;
  readonly name: unknown;
  readonly customer: unknown;
  readonly currency: unknown;
}

export interface Form {
  /** Short and stable: the name in tables. */
  readonly name: string;
  readonly title: string;
  /** What carries it: a request and its answer on a connection; many on one of HTTP/2, in a WebSocket, or as lines. */
  readonly carrier: "http" | "http2" | "socket" | "line";
  /** Bytes of a call: over HTTP head and body; else without what the carrier adds. */
  request(call: CallName, subject: Subject): Buffer;
  /** Whether an answer, whose status was good, says that the call was done. */
  isDone(body: Buffer): boolean;
  row(body: Buffer, call: CallName): Shown;
  /** Status of HTTP, where it is not 200. */
  status?(call: CallName): number;
}

export const currency = "EUR";
export const grpcPaths = {
  get: "/desk.v1.DeskService/GetAccount",
  create: "/desk.v1.DeskService/CreateAccount",
  ping: "/desk.v1.DeskService/Ping",
  export: "/desk.v1.DeskService/ExportAccounts",
} as const;

/** Everything that REST answers with. */
const fields =
  "id customer kind name currency debitsPosted creditsPosted debitsPending creditsPending balance overdraftLimit maxBalance status frozenReason iban version createdAt";
const mcpVersion = "2026-07-28";

type Json = Readonly<Record<string, unknown>>;
const at = (value: unknown, ...path: readonly string[]): Json =>
  path.reduce((inner: unknown, name) => (inner as Json | undefined)?.[name], value) as Json;
const shown = ({ id, name, customer, currency }: Json): Shown => ({ id, name, customer, currency });

const text = (number: number, value: string): Buffer => {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes]);
};

/** `GetAccountRequest` and `CreateAccountRequest`, whose fields have fewer than 128 bytes. */
const message = (call: CallName, { id, name, customer }: Subject): Buffer =>
  call === "get" ? text(1, id) : Buffer.concat([text(2, customer), text(4, name), text(5, currency)]);

/** Texts of a message by their field number. */
const textsOf = (bytes: Uint8Array): Map<number, Uint8Array> => {
  const reader = new BinaryReader(bytes);
  const found = new Map<number, Uint8Array>();
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    if (type === WireType.LengthDelimited) found.set(number, reader.bytes());
    else reader.skip(type, number);
  }
  return found;
};

export const accountOf = (bytes: Uint8Array): Shown => {
  const account = textsOf(bytes);
  const read = (number: number): string => Buffer.from(account.get(number) ?? []).toString();
  return { id: read(1), customer: read(2), name: read(4), currency: read(5) };
};

/** The row of a `GetAccountResponse` or `CreateAccountResponse`. */
const answeredAccount = (body: Buffer): Shown => accountOf(textsOf(body).get(1) ?? new Uint8Array());

const prefixed = (bytes: Buffer): Buffer => {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
};

export interface Access {
  readonly host: string;
  readonly key: string;
}

const always = (): boolean => true;

export const formsFor = ({ host, key }: Access): readonly Form[] => {
  const http = (method: string, path: string, headers: Readonly<Record<string, string>>, body?: Buffer): Buffer => {
    const all = {
      host,
      authorization: `Bearer ${key}`,
      ...headers,
      ...(body === undefined ? {} : { "content-length": body.length }),
    };
    const head = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
    return Buffer.concat([Buffer.from(`${method} ${path} HTTP/1.1\r\n${head.join("")}\r\n`), body ?? Buffer.alloc(0)]);
  };
  const post = (path: string, body: Buffer | string, headers: Readonly<Record<string, string>>): Buffer =>
    http("POST", path, headers, Buffer.from(body as string));
  const json = { "content-type": "application/json" };
  return [
    {
      name: "rest",
      title: "REST, JSON",
      carrier: "http",
      request: (call, { id, name, customer }) =>
        call === "get"
          ? http("GET", `/desk/v1/accounts/${id}`, {})
          : post("/desk/v1/accounts", JSON.stringify({ name, customer, currency }), json),
      status: (call) => (call === "get" ? 200 : 201),
      isDone: always,
      row: (body) => shown(at(JSON.parse(body.toString()), "data")),
    },
    {
      name: "graphql",
      title: "GraphQL by POST, all fields, input in variables",
      carrier: "http",
      request: (call, { id, name, customer }) =>
        post(
          "/desk/v1/graphql",
          JSON.stringify(
            call === "get"
              ? { query: `query ($id: ID!) { account(id: $id) { ${fields} } }`, variables: { id } }
              : {
                  query: `mutation ($input: AccountCreateInput!) { accountCreate(input: $input) { account { ${fields} } } }`,
                  variables: { input: { name, customer, currency } },
                },
          ),
          json,
        ),
      isDone: (body) => !body.includes('"errors"'),
      row: (body, call) =>
        shown(at(JSON.parse(body.toString()), "data", ...(call === "get" ? ["account"] : ["accountCreate", "account"]))),
    },
    {
      name: "grpc",
      title: "gRPC, on HTTP/2",
      carrier: "http2",
      request: message,
      isDone: always,
      row: answeredAccount,
    },
    {
      name: "connect",
      title: "Connect, protobuf by POST",
      carrier: "http",
      request: (call, subject) =>
        post(grpcPaths[call], message(call, subject), { "content-type": "application/proto", "connect-protocol-version": "1" }),
      isDone: always,
      row: answeredAccount,
    },
    {
      name: "grpc-web",
      title: "gRPC-Web, protobuf",
      carrier: "http",
      request: (call, subject) =>
        post(grpcPaths[call], prefixed(message(call, subject)), {
          "content-type": "application/grpc-web+proto",
          "x-grpc-web": "1",
        }),
      isDone: (body) => body.includes("grpc-status: 0\r\n"),
      row: (body) => answeredAccount(body.subarray(5, 5 + body.readUInt32BE(1))),
    },
    {
      name: "soap",
      title: "SOAP 1.1",
      carrier: "http",
      request(call, { id, name, customer }) {
        const [operation, inner] =
          call === "get"
            ? ["GetAccount", `<id>${id}</id>`]
            : ["CreateAccount", `<customer>${customer}</customer><name>${name}</name><currency>${currency}</currency>`];
        const envelope = `<?xml version="1.0" encoding="UTF-8"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><${operation} xmlns="urn:pons:desk:v1">${inner}</${operation}></soap:Body></soap:Envelope>`;
        const headers = { "content-type": "text/xml; charset=utf-8", soapaction: `"urn:pons:desk:v1/${operation}"` };
        return post("/desk/v1/soap", envelope, headers);
      },
      isDone: always,
      row(body) {
        const xml = body.toString();
        const read = (name: string): string | undefined => new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1];
        return { id: read("id"), name: read("name"), customer: read("customer"), currency: read("currency") };
      },
    },
    {
      name: "websocket",
      title: "WebSocket, calls pipelined",
      carrier: "socket",
      request: (call, { id, name, customer }) =>
        Buffer.from(
          call === "get"
            ? `"operation":"accounts.get","input":${JSON.stringify({ id })}}`
            : `"operation":"accounts.create","input":${JSON.stringify({ body: { name, customer, currency } })}}`,
        ),
      isDone: (body) => body.includes('"success":true'),
      row: (body) => shown(at(JSON.parse(body.toString()), "data")),
    },
    {
      name: "mcp",
      title: "MCP, a tool's call",
      carrier: "http",
      request(call, { id, name, customer }) {
        const tool = call === "get" ? "accounts_get" : "accounts_create";
        const params = {
          name: tool,
          arguments: call === "get" ? { id } : { name, customer, currency },
          _meta: {
            "io.modelcontextprotocol/protocolVersion": mcpVersion,
            "io.modelcontextprotocol/clientCapabilities": {},
            "io.modelcontextprotocol/clientInfo": { name: "bench", version: "1" },
          },
        };
        return post("/desk/v1/mcp", JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params }), {
          ...json,
          accept: "application/json, text/event-stream",
          "mcp-protocol-version": mcpVersion,
          "mcp-method": "tools/call",
          "mcp-name": tool,
        });
      },
      isDone: (body) => body.includes('"isError":false'),
      row: (body) => shown(at(JSON.parse(body.toString()), "result", "structuredContent", "data")),
    },
    {
      name: "line",
      title: "line protocol, lines pipelined",
      carrier: "line",
      request: (call, { id, name, customer }) =>
        Buffer.from(
          call === "get"
            ? `Operation:accounts.get,@Service:desk,Id:${id}`
            : `Operation:accounts.create,@Service:desk,Name:${JSON.stringify(name)},Customer:${customer},Currency:${currency}`,
        ),
      isDone: (body) => body.toString("latin1", 0, 9) === "Status:ok",
      row(body) {
        const line = body.toString();
        const read = (title: string): string | undefined => new RegExp(`,${title}:([^,]*)`).exec(line)?.[1];
        return { id: read("Id"), name: read("Name"), customer: read("Customer"), currency: read("Currency") };
      },
    },
  ];
};
