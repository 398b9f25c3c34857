/** Where a page stands, beside its data: Link headers (RFC 8288) and, without the envelope, headers with the numbers. */
import type { Page } from "../../pipeline/page.ts";
import type { Link } from "../http/index.ts";

/** The raw query without `page` and `cursor`, ending in "&" unless empty. */
const restOf = (query: string): string => {
  if (query === "") return "";
  let rest = "";
  for (const part of query.split("&")) {
    if (part !== "" && !part.startsWith("page=") && !part.startsWith("cursor=")) rest += `${part}&`;
  }
  return rest;
};

/**
 * first, prev, next and last of a page by number; first and next of a page by cursor. Targets are relative to the host and keep every other
 * parameter as the caller wrote it.
 */
export const pageLinks = (page: Page, target: { readonly path: string; readonly query: string }): Link[] => {
  const base = `${target.path}?${restOf(target.query)}`;
  const { currentPage, totalPages, nextCursor } = page;
  if (currentPage === undefined) {
    const first: Link = { target: base.slice(0, -1), rel: "first" };
    return nextCursor === undefined
      ? [first]
      : [first, { target: `${base}cursor=${encodeURIComponent(nextCursor)}`, rel: "next" }];
  }
  const to = (number: number, rel: string): Link => ({ target: `${base}page=${number}`, rel });
  const links = [to(1, "first")];
  if (currentPage > 1) links.push(to(currentPage - 1, "prev"));
  if (totalPages !== undefined) {
    if (currentPage < totalPages) links.push(to(currentPage + 1, "next"));
    links.push(to(Math.max(1, totalPages), "last"));
  }
  return links;
};

/** `X-Total-Count: 57`, … for answers without the envelope; what the page does not have is left out. */
export const pageHeaders = (page: Page): readonly (readonly [name: string, value: string])[] => {
  const headers: (readonly [string, string])[] = [
    ["X-Per-Page", String(page.perPage)],
    ["X-Max-Per-Page", String(page.maxPerPage)],
  ];
  if (page.totalRecords !== undefined) headers.push(["X-Total-Count", String(page.totalRecords)]);
  if (page.totalPages !== undefined) headers.push(["X-Total-Pages", String(page.totalPages)]);
  if (page.currentPage !== undefined) headers.push(["X-Page", String(page.currentPage)]);
  if (page.nextCursor !== undefined) headers.push(["X-Next-Cursor", page.nextCursor]);
  return headers;
};
