/**
 * The OpenAPI document of one version of a service: everything its REST channel serves, made from the contract alone and always the same for the
 * same contract. 3.2 has the QUERY method, tags in a tree and item schemas of streams; 3.1 is the same without them.
 */
import type { Contract } from "../contract.ts";
import { versionView } from "../versions.ts";
import { type Address, addressesOf, type Method } from "./addresses.ts";
import { Components, type Json } from "./components.ts";
import type { SpecVersion } from "./media.ts";
import { tagOf } from "./names.ts";
import { operationObject } from "./operation.ts";
import { Parameters } from "./parameters.ts";
import type { DocumentParts } from "./parts.ts";
import { Schemas } from "./schemas.ts";

export interface OpenApiOptions {
  /** Name of the version; the newest when absent. */
  readonly version?: string;
  /** Default 3.1.2, which most generators read. */
  readonly specVersion?: SpecVersion;
  /** Origin of the server, without a slash at the end; absent: addresses relative to the document. */
  readonly baseUrl?: string;
  /** The server, where it is not `{baseUrl}/{service}/{version}`: a host of its own. */
  readonly serverUrl?: string;
}

const methodKeys: Readonly<Record<Method, string>> = {
  GET: "get",
  QUERY: "query",
  POST: "post",
  PUT: "put",
  PATCH: "patch",
  DELETE: "delete",
};

const pathsOf = (addresses: readonly Address[], parts: DocumentParts): Json => {
  const paths: Record<string, Record<string, Json>> = {};
  for (const address of addresses) {
    if (address.method === "QUERY" && parts.specVersion !== "3.2.0") continue;
    const path = (paths[address.path] ??= {});
    path[methodKeys[address.method]] = operationObject(address, parts);
  }
  return paths;
};

/** Tags in the order of the addresses; those of properties after all others, where they do not stand in the way. */
const tagsOf = (addresses: readonly Address[], contract: Contract, specVersion: SpecVersion): Json[] => {
  const docs = new Map<string, string>([
    ["functions", "Functions that belong to no resource."],
    ["batches", "Many calls in one request, and calls that go on after their request."],
    ["sealed calls", "Calls that nobody on the way can read."],
  ]);
  for (const { name, doc } of contract.resources.values()) docs.set(name, doc);
  for (const { name, doc } of contract.singletons.values()) docs.set(name, doc);
  const names = [...new Set(addresses.map(tagOf))];
  const isProperty = (name: string): boolean => name.endsWith(" properties");
  return [...names.filter((name) => !isProperty(name)), ...names.filter(isProperty)].map((name) => {
    const parent = isProperty(name) ? name.slice(0, -" properties".length) : undefined;
    return {
      name,
      description:
        parent === undefined ? (docs.get(name) ?? name) : `Single properties of ${parent}, each under an address of its own.`,
      ...(specVersion === "3.2.0" ? { kind: "nav", ...(parent === undefined ? {} : { parent }) } : {}),
    };
  });
};

/** What holds for every address. */
const prose = (contract: Contract, older: boolean): string =>
  [
    "## Answers",
    "Every answer has `success`; what succeeded has `data`, a list also `pagination`, a refusal has `error` with a stable `type`. The status line says the same as `error.code`. `envelope=false` or `Prefer: envelope=none` gives the bare data.",
    "## Formats",
    "JSON by default; XML, YAML, MessagePack and, for lists, CSV and NDJSON by `Accept`, by `Content-Type`, or by an extension of the address (`.xml`, `.csv`). `Accept: application/problem+json` gives refusals as RFC 9457 documents. HEAD is answered wherever GET is, OPTIONS everywhere.",
    "## Keys",
    "Send an API key as `Authorization: Bearer …` or in `X-Api-Key`, never in an address. Instead of a key a request can be signed (RFC 9421), or sealed as a whole.",
    "## Roles",
    Object.entries(contract.roles)
      .map(([role, doc]) => `- \`${role}\`: ${doc}`)
      .join("\n"),
    ...(older ? [`This is an older version; \`${contract.definition.version}\` is the newest.`] : []),
  ].join("\n\n");

const securitySchemes: Json = {
  bearerKey: {
    type: "http",
    scheme: "bearer",
    bearerFormat: "pons_{environment}_{random}{checksum}",
    description: "An API key as a bearer token.",
  },
  apiKey: { type: "apiKey", in: "header", name: "X-Api-Key", description: "The same API key in a header of its own." },
};

/** The document. Throws `RangeError` for a version that does not exist. */
export const openapi = (contract: Contract, options: OpenApiOptions = {}): Json => {
  const { specVersion = "3.1.2", baseUrl = "" } = options;
  const view = versionView(contract, options.version ?? contract.version);
  const components = new Components();
  const schemas = new Schemas(components, view.contract, contract);
  const parameters = new Parameters(components, schemas);
  const base = options.serverUrl ?? `${baseUrl}/${contract.service}/${view.name}`;
  const addresses = addressesOf(view.contract);
  const parts: DocumentParts = {
    contract: view.contract,
    components,
    schemas,
    parameters,
    specVersion,
    ...(view.definition === undefined ? {} : { older: view.definition }),
  };
  const paths = pathsOf(addresses, parts);
  const docs = `${base === "/" ? "" : base}/docs`;
  // A guide without a host of its own is found beside the document; this place is for full addresses.
  const guide = view.definition?.guide?.replace(/^(?=\/)/, baseUrl);
  return {
    openapi: specVersion,
    info: {
      title: `${contract.title} API`,
      version: view.name,
      summary: contract.doc,
      description: prose(view.contract, !view.newest),
      contact: { name: contract.title, ...(URL.canParse(docs) ? { url: docs } : {}) },
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    ...(guide === undefined || !URL.canParse(guide)
      ? {}
      : { externalDocs: { description: "How to move to the newer version.", url: guide } }),
    servers: [{ url: base, description: `${contract.title} ${view.name}` }],
    security: [{ bearerKey: [] }, { apiKey: [] }],
    tags: tagsOf(addresses, view.contract, specVersion),
    paths,
    components: { ...components.toJson(), securitySchemes },
  };
};
