/**
 * The documents of a service, for a host to mount: of every version the OpenAPI document and the reference page with its files.
 *
 *   /bank/v2/openapi.json             OpenAPI 3.1, which most generators read; `?spec=3.2` gives 3.2, with QUERY and item schemas
 *   /bank/v2/asyncapi.json            AsyncAPI 3.1: events and calls over a WebSocket
 *   /bank/v2/bank.proto               protobuf, for gRPC, gRPC-Web and Connect
 *   /bank/v2/protocol.html            the protocol description, to read or to print
 *   /bank/v2/docs, /bank/v2/docs/…    the reference
 *
 * Handlers take GET and HEAD, need no credentials and answer from memory. A document that is asked for under a host of its own
 * (`v2.bank.example.com/openapi.json`) says so in its `servers`.
 */
import type { Contract } from "../contract.ts";
import { asyncApiOf } from "../asyncapi/index.ts";
import type { Numbers } from "../lock/numbers.ts";
import { protoText } from "../protobuf/index.ts";
import { openapi } from "../openapi/document.ts";
import type { SpecVersion } from "../openapi/media.ts";
import { protocolHtml, protocolOf, protocolPolicy } from "../protocol/index.ts";
import { versionViews } from "../versions.ts";
import { assets } from "./assets.ts";
import { pagePolicy, referencePage } from "./page.ts";
import { type DocumentHandler, serve, type Served } from "./served.ts";

export interface DocumentOptions {
  /** A key the reference tries calls with from the start. Only for the demonstration of a development server: whoever sees the page has it. */
  readonly demoKey?: string;
  /** `https://api.example.com`: how callers reach the server, where that is known. */
  readonly origin?: string;
  /** Numbers of fields, as the service's lock has them; absent: there is no .proto. */
  readonly numbers?: Numbers;
}

const specVersions: Readonly<Record<string, SpecVersion>> = { "3.1": "3.1.2", "3.2": "3.2.0" };

const unknownSpec = (request: Request): Response =>
  Response.json(
    {
      success: false,
      error: {
        code: 422,
        type: "validation_failed",
        message: "Validation failed",
        requestId: request.headers.get("x-request-id")?.slice(0, 128) ?? crypto.randomUUID(),
      },
      data: { spec: [`The spec must be one of: ${Object.keys(specVersions).join(", ")}.`] },
    },
    { status: 422, headers: { "Cache-Control": "no-store" } },
  );

const documentHandler = (contract: Contract, version: string): DocumentHandler => {
  const below = `/${contract.service}/${version}/`;
  const handlers = new Map<string, DocumentHandler>();
  return (request) => {
    const url = new URL(request.url);
    const specVersion = specVersions[url.searchParams.get("spec") ?? "3.1"];
    if (specVersion === undefined) return unknownSpec(request);
    const hasHost = !url.pathname.includes(below);
    const key = `${specVersion} ${hasHost}`;
    let handler = handlers.get(key);
    if (handler === undefined) {
      const make = (): string =>
        JSON.stringify(openapi(contract, { version, specVersion, ...(hasHost ? { serverUrl: "/" } : {}) }));
      handler = serve({ contentType: "application/json", make });
      handlers.set(key, handler);
    }
    return handler(request);
  };
};

const originsMax = 16;

/** A document that names where the server is: as configured, else as the request has found it. */
const located = (configured: string | undefined, of: (origin: string) => Served): DocumentHandler => {
  const handlers = new Map<string, DocumentHandler>();
  return (request) => {
    const origin = configured ?? new URL(request.url).origin;
    let handler = handlers.get(origin);
    if (handler === undefined) {
      if (handlers.size >= originsMax) handlers.clear();
      handler = serve(of(origin));
      handlers.set(origin, handler);
    }
    return handler(request);
  };
};

/** Full path → handler, for all versions of a contract. */
export const documents = (contract: Contract, options: DocumentOptions = {}): ReadonlyMap<string, DocumentHandler> => {
  const all = new Map<string, DocumentHandler>();
  const versions = [...versionViews(contract).values()].map(({ name, definition }) => ({
    name,
    deprecated: definition?.deprecated !== undefined,
  }));
  for (const { name } of versions) {
    const base = `/${contract.service}/${name}`;
    const page = { title: contract.title, version: name, versions, ...options };
    all.set(`${base}/openapi.json`, documentHandler(contract, name));
    all.set(
      `${base}/docs`,
      serve({
        contentType: "text/html; charset=utf-8",
        headers: {
          "Content-Security-Policy": pagePolicy,
          "Referrer-Policy": "no-referrer",
          "Cross-Origin-Opener-Policy": "same-origin",
        },
        make: () => referencePage(page),
      }),
    );
    all.set(
      `${base}/asyncapi.json`,
      located(options.origin, (origin) => ({
        contentType: "application/json",
        make: () => JSON.stringify(asyncApiOf(contract, name, { origin })),
      })),
    );
    const { numbers } = options;
    if (numbers !== undefined)
      all.set(
        `${base}/${contract.service}.proto`,
        serve({ contentType: "text/plain; charset=utf-8", make: () => protoText(contract, name, numbers) }),
      );
    all.set(
      `${base}/protocol.html`,
      located(options.origin, (origin) => ({
        contentType: "text/html; charset=utf-8",
        headers: { "Content-Security-Policy": protocolPolicy, "Referrer-Policy": "no-referrer" },
        make: () => protocolHtml(protocolOf(contract, { version: name, origin })),
      })),
    );
    for (const [file, handler] of assets) all.set(`${base}/docs/${file}`, handler);
  }
  return all;
};
