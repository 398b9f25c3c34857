/**
 * The root of the server: which services there are, in which versions, and where they are described. JSON, or a page for those who prefer HTML.
 *
 *   { "name": "Pons", "services": [ { "name": "bank", "title": "Bank", "description": "…",
 *     "versions": [ { "name": "v2", "url": "/bank/v2", "openapi": "/bank/v2/openapi.json", "docs": "/bank/v2/docs" } ] } ] }
 *
 * `deprecated` is there from the day of the deprecation on. Below `url` is the index of the version, see `version-page.ts`.
 */
import type { DocumentHandler } from "../channels/rest/index.ts";
import type { Contract } from "../contract/index.ts";
import { factsOrPage, harmless, pageOf, paragraphs, text } from "./page.ts";

interface ServiceEntry {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly versions: readonly {
    readonly name: string;
    readonly url: string;
    readonly openapi: string;
    readonly docs: string;
    readonly deprecated?: true;
  }[];
}

/** Whether a version is deprecated on the day of `nowMs`; the date may lie ahead (RFC 9745). */
export const isDeprecated = ({ deprecated }: { readonly deprecated?: string | undefined }, nowMs: number): boolean =>
  deprecated !== undefined && Date.parse(deprecated) <= nowMs;

const entryOf = (contract: Contract, nowMs: number): ServiceEntry => {
  const { service, title, doc, version, older } = contract;
  const versionOf = (name: string) => {
    const url = `/${service}/${name}`;
    return { name, url, openapi: `${url}/openapi.json`, docs: `${url}/docs` };
  };
  const olderVersions = older.map((definition) =>
    isDeprecated(definition, nowMs) ? { ...versionOf(definition.name), deprecated: true as const } : versionOf(definition.name),
  );
  return { name: service, title, description: doc, versions: [versionOf(version), ...olderVersions] };
};

const sectionOf = ({ title, description, versions }: ServiceEntry): string => {
  const items = versions.map(
    ({ name, url, docs, openapi, deprecated }) =>
      `<li><a href="${text(url)}">${text(name)}</a>: <a href="${text(docs)}">reference</a>, <a href="${text(openapi)}">OpenAPI</a>` +
      `${deprecated === true ? " <small>(deprecated)</small>" : ""}</li>`,
  );
  return `<section><h2>${text(title)}</h2>${paragraphs(description)}<ul>${items.join("")}</ul></section>`;
};

/** An arch of a bridge. */
const icon =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="6" fill="#0b57d0"/>' +
  '<path d="M4 12h24v4H26v8h-4v-2a6 6 0 0 0-12 0v2H6v-8H4z" fill="#fff"/></svg>\n';

export const favicon: DocumentHandler = () =>
  new Response(icon, {
    headers: {
      ...harmless,
      "Content-Type": "image/svg+xml",
      "Cache-Control": "public, max-age=86400",
      "Content-Security-Policy": "default-src 'none'",
    },
  });

/** The handler of `/`. `now`: milliseconds since the epoch. */
export const frontPage = (contracts: readonly Contract[], now: () => number = Date.now): DocumentHandler =>
  factsOrPage(
    () => ({ name: "Pons", services: contracts.map((contract) => entryOf(contract, now())) }),
    ({ name, services }) => pageOf(name, services.map(sectionOf).join("")),
  );
