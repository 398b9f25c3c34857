/** What the server's own pages share: their frame, their look and the headers that keep them harmless. */
import type { DocumentHandler } from "../channels/rest/index.ts";

const style =
  "body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:3rem auto;padding:0 1rem;color:#1b1f24;background:#fff}" +
  "h1{font-size:1.6rem}h2{font-size:1.15rem;margin:2rem 0 .25rem}p{margin:.25rem 0 .75rem}a{color:#0b57d0}" +
  "li{margin:.25rem 0}small{color:#57606a}" +
  "@media(prefers-color-scheme:dark){body{color:#e6edf3;background:#0d1117}a{color:#79b8ff}small{color:#9aa4af}}";

const escapes: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
/** Text as HTML. */
export const text = (value: string): string => value.replace(/[&<>"']/g, (character) => escapes[character] ?? "");

/** Paragraphs and `code` of a definition's text. */
export const paragraphs = (doc: string): string =>
  doc
    .split(/\n{2,}/)
    .map((paragraph) => `<p>${text(paragraph).replace(/`([^`]+)`/g, "<code>$1</code>")}</p>`)
    .join("");

/** A whole page. `body` is HTML. */
export const pageOf = (title: string, body: string): string =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${text(title)}</title>` +
  `<meta name="viewport" content="width=device-width,initial-scale=1"><link rel="icon" href="/favicon.ico">` +
  `<style>${style}</style></head><body><main><h1>${text(title)}</h1>${body}</main></body></html>\n`;

export const harmless = {
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  "Cross-Origin-Opener-Policy": "same-origin",
};

/** Where a page is worth more than JSON: for browsers, which name it first. */
const prefersPage = (accept: string | null): boolean => accept !== null && /^\s*text\/html\b/i.test(accept);

/** Nothing but the one style and the icon. */
const policy =
  `default-src 'none'; style-src 'sha256-${new Bun.CryptoHasher("sha256").update(style).digest("base64")}'; ` +
  `img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

/** A handler that answers `facts` as JSON, or as a page to those who prefer HTML. Both are made anew: they may tell what depends on the day. */
export const factsOrPage = <Facts>(facts: (request: Request) => Facts, page: (facts: Facts) => string): DocumentHandler => {
  const headers = { ...harmless, "Cache-Control": "no-cache", Vary: "Accept" };
  return (request) => {
    const told = facts(request);
    if (!prefersPage(request.headers.get("accept"))) {
      return new Response(JSON.stringify(told), { headers: { ...headers, "Content-Type": "application/json" } });
    }
    return new Response(page(told), {
      headers: { ...headers, "Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": policy },
    });
  };
};
