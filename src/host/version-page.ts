/**
 * The index of one version of a service, at `/bank/v2` or wherever that version is reached (`/de/bank/v2`, `v2.bank.example.com`): what stands
 * below it and where it is described. JSON, or a page for those who prefer HTML. Nothing of it is a secret: the OpenAPI document says the same.
 *
 *   { "service": "bank", "version": "v2", "title": "Bank", "description": "…", "openapi": "/bank/v2/openapi.json", "docs": "/bank/v2/docs",
 *     "protocol": "/bank/v2/protocol.html", "collections": [ { "name": "accounts", "url": "/bank/v2/accounts", "description": "…" } ],
 *     "singletons": [ … ], "functions": [ … ] }
 */
import type { DocumentHandler } from "../channels/rest/index.ts";
import { versionView } from "../contract/versions.ts";
import type { Contract } from "../contract/index.ts";
import { isDeprecated } from "./front-page.ts";
import { factsOrPage, pageOf, paragraphs, text } from "./page.ts";

interface Member {
  readonly name: string;
  readonly url: string;
  readonly description: string;
}

interface VersionIndex {
  readonly service: string;
  readonly version: string;
  readonly title: string;
  readonly description: string;
  readonly deprecated?: true;
  readonly openapi: string;
  readonly docs: string;
  readonly protocol: string;
  readonly asyncapi: string;
  readonly proto: string;
  readonly wsdl: string;
  /** Channels beside REST. */
  readonly channels: Readonly<Record<string, string>>;
  readonly collections: readonly Member[];
  readonly singletons: readonly Member[];
  readonly functions: readonly Member[];
}

/** Documents get the whole address; what stands below begins with its path. */
const baseOf = (request: Request): string => new URL(request.url).pathname.replace(/\/$/, "");

const indexOf = (contract: Contract, version: string, base: string, nowMs: number): VersionIndex => {
  const { resources, singletons, operations } = versionView(contract, version).contract;
  const member = ({ name, doc }: { readonly name: string; readonly doc: string }): Member => ({
    name,
    url: `${base}/${name}`,
    description: doc,
  });
  const definition = contract.older.find(({ name }) => name === version);
  return {
    service: contract.service,
    version,
    title: contract.title,
    description: contract.doc,
    ...(definition !== undefined && isDeprecated(definition, nowMs) ? { deprecated: true as const } : {}),
    openapi: `${base}/openapi.json`,
    docs: `${base}/docs`,
    protocol: `${base}/protocol.html`,
    asyncapi: `${base}/asyncapi.json`,
    proto: `${base}/${contract.service}.proto`,
    wsdl: `${base}/soap?wsdl`,
    channels: { graphql: `${base}/graphql`, soap: `${base}/soap`, stream: `${base}/stream`, mcp: `${base}/mcp` },
    collections: [...resources.values()].filter(({ name }) => operations.has(`${name}.list`)).map(member),
    singletons: [...singletons.values()].map(member),
    functions: [...operations.values()].filter(({ target }) => target === "free").map(member),
  };
};

const linkTo = ({ name, url }: Member): string => `<a href="${text(url)}">${text(name)}</a>`;
/** A function is called by POST: no link of a page leads there. */
const callOf = ({ url }: Member): string => `<code>POST ${text(url)}</code>`;

const listOf = (heading: string, members: readonly Member[], show: (member: Member) => string): string => {
  const items = members.map((member) => `<li>${show(member)}<br><small>${text(member.description)}</small></li>`);
  return members.length === 0 ? "" : `<section><h2>${heading}</h2><ul>${items.join("")}</ul></section>`;
};

const bodyOf = (index: VersionIndex): string =>
  `${paragraphs(index.description)}<p><a href="${text(index.docs)}">Reference</a>, <a href="${text(index.protocol)}">protocol description</a>, <a href="${text(index.openapi)}">OpenAPI</a>, <a href="${text(index.asyncapi)}">AsyncAPI</a>, <a href="${text(index.proto)}">protobuf</a>, <a href="${text(index.wsdl)}">WSDL</a>` +
  `${index.deprecated === true ? " <small>(deprecated)</small>" : ""}</p>` +
  listOf("Collections", index.collections, linkTo) +
  listOf("Singletons", index.singletons, linkTo) +
  listOf("Functions", index.functions, callOf);

/** The handler of a version's own address. `now`: milliseconds since the epoch. */
export const versionPage = (contract: Contract, version: string, now: () => number = Date.now): DocumentHandler =>
  factsOrPage(
    (request) => indexOf(contract, version, baseOf(request), now()),
    (index) => pageOf(`${index.title} ${index.version}`, bodyOf(index)),
  );
