/**
 * The root of the server: which services there are, in which versions, and where they are described. JSON, or a page for those who prefer HTML.
 *
 *   { "name": "Pons", "services": [ { "name": "bank", "title": "Bank", "description": "…",
 *     "versions": [ { "name": "v2", "url": "/bank/v2", "openapi": "/bank/v2/openapi.json", "docs": "/bank/v2/docs" } ] } ] }
 */
import type { DocumentHandler } from "../channels/rest/index.ts";
import type { Contract } from "../contract/index.ts";

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

const entryOf = (contract: Contract): ServiceEntry => {
  const { service, title, doc, version, older } = contract;
  const versionOf = (name: string) => {
    const url = `/${service}/${name}`;
    return { name, url, openapi: `${url}/openapi.json`, docs: `${url}/docs` };
  };
  const olderVersions = older.map(({ name, deprecated }) =>
    deprecated === undefined ? versionOf(name) : { ...versionOf(name), deprecated: true as const },
  );
  return { name: service, title, description: doc, versions: [versionOf(version), ...olderVersions] };
};

const style =
  "body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:3rem auto;padding:0 1rem;color:#1b1f24;background:#fff}" +
  "h1{font-size:1.6rem}h2{font-size:1.15rem;margin:2rem 0 .25rem}p{margin:.25rem 0 .75rem}a{color:#0b57d0}" +
  "li{margin:.25rem 0}small{color:#57606a}" +
  "@media(prefers-color-scheme:dark){body{color:#e6edf3;background:#0d1117}a{color:#79b8ff}small{color:#9aa4af}}";

const escapes: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
const text = (value: string): string => value.replace(/[&<>"']/g, (character) => escapes[character] ?? "");

/** Paragraphs and `code` of a definition's text. */
const paragraphs = (doc: string): string =>
  doc
    .split(/\n{2,}/)
    .map((paragraph) => `<p>${text(paragraph).replace(/`([^`]+)`/g, "<code>$1</code>")}</p>`)
    .join("");

const pageOf = (services: readonly ServiceEntry[]): string => {
  const sections = services.map(({ title, description, versions }) => {
    const items = versions.map(
      ({ name, docs, openapi, deprecated }) =>
        `<li>${text(name)}: <a href="${text(docs)}">reference</a>, <a href="${text(openapi)}">OpenAPI</a>` +
        `${deprecated === true ? " <small>(deprecated)</small>" : ""}</li>`,
    );
    return `<section><h2>${text(title)}</h2>${paragraphs(description)}<ul>${items.join("")}</ul></section>`;
  });
  return (
    `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Pons</title>` +
    `<meta name="viewport" content="width=device-width,initial-scale=1"><link rel="icon" href="/favicon.ico">` +
    `<style>${style}</style></head><body><main><h1>Pons</h1>${sections.join("")}</main></body></html>\n`
  );
};

/** An arch of a bridge. */
const icon =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="6" fill="#0b57d0"/>' +
  '<path d="M4 12h24v4H26v8h-4v-2a6 6 0 0 0-12 0v2H6v-8H4z" fill="#fff"/></svg>\n';

const shared = { "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer" };

export const favicon: DocumentHandler = () =>
  new Response(icon, {
    headers: {
      ...shared,
      "Content-Type": "image/svg+xml",
      "Cache-Control": "public, max-age=86400",
      "Content-Security-Policy": "default-src 'none'",
    },
  });

/** Where a page is worth more than JSON: for browsers, which name it first. */
const prefersPage = (accept: string | null): boolean => accept !== null && /^\s*text\/html\b/i.test(accept);

export const frontPage = (contracts: readonly Contract[]): DocumentHandler => {
  const services = contracts.map(entryOf);
  const json = JSON.stringify({ name: "Pons", services });
  const styleHash = new Bun.CryptoHasher("sha256").update(style).digest("base64");
  const policy = `default-src 'none'; style-src 'sha256-${styleHash}'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;
  const headers = { ...shared, "Cache-Control": "no-cache", Vary: "Accept" };
  return (request) =>
    prefersPage(request.headers.get("accept"))
      ? new Response(pageOf(services), {
          headers: { ...headers, "Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": policy },
        })
      : new Response(json, { headers: { ...headers, "Content-Type": "application/json" } });
};
