/** The protocol description as one page: nothing is loaded, so that it can be kept and sent; a printer gets page breaks and a table of contents. */
import { type Block, type ProtocolDocument, spansOf } from "./model.ts";

const escapes: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
const escape = (text: string): string => text.replace(/[&<>"']/g, (character) => escapes[character] ?? "");
const inline = (text: string): string =>
  spansOf(text)
    .map(({ text: part, isCode }) => (isCode ? `<code>${escape(part)}</code>` : escape(part)))
    .join("");

export const protocolStyle = `
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #fff; --line: #d4d9e0; --soft: #f4f6f8; --link: #0b57a4; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8eb; --paper: #14171a; --line: #3a4149; --soft: #1e2328; --link: #7fb8f5; } }
* { box-sizing: border-box; }
body { margin: 0; color: var(--ink); background: var(--paper); font: 16px/1.55 system-ui, sans-serif; }
main { max-width: 62rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
h1, h2, h3 { line-height: 1.25; scroll-margin-top: 1rem; }
h2.part { margin-top: 3rem; padding-top: 1rem; border-top: 1px solid var(--line); }
h4 { margin: 2rem 0 .5rem; font-size: 1.05rem; }
a { color: var(--link); }
table { width: 100%; margin: .75rem 0 1.25rem; border-collapse: collapse; font-size: .93rem; }
th, td { padding: .4rem .6rem; border: 1px solid var(--line); text-align: left; vertical-align: top; }
td { overflow-wrap: anywhere; }
td:nth-child(2) { min-width: 8rem; }
td:first-child { overflow-wrap: normal; }
td:first-child code { white-space: nowrap; }
td:last-child { min-width: 11rem; }
th { background: var(--soft); }
code { font: .92em ui-monospace, monospace; }
pre { margin: .75rem 0 1.25rem; padding: .8rem 1rem; background: var(--soft); border: 1px solid var(--line); border-radius: 6px; overflow-x: auto; }
nav ol { columns: 2; padding: 0; list-style: none; }
nav li { break-inside: avoid; }
.wide { overflow-x: auto; }
@media (max-width: 40rem) { nav ol { columns: 1; } }
@media print {
  main { max-width: none; padding: 0; }
  h2.part { break-before: page; }
  h3, h4 { break-after: avoid; }
  thead { display: table-header-group; }
  tr { break-inside: avoid; }
  .wide { overflow: visible; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; overflow: visible; }
}
`;

const blockHtml = (block: Block): string => {
  switch (block.kind) {
    case "heading": {
      const level = block.level + 1;
      return `<h${level} id="${escape(block.id)}"${block.level === 1 ? ' class="part"' : ""}>${escape(block.text)}</h${level}>`;
    }
    case "text":
      return `<p>${inline(block.text)}</p>`;
    case "list":
      return `<ul>${block.items.map((item) => `<li>${inline(item)}</li>`).join("")}</ul>`;
    case "code":
      return `<pre tabindex="0"><code>${escape(block.text)}</code></pre>`;
    case "table": {
      const hasHead = block.columns.some((column) => column !== "");
      const head = hasHead
        ? `<thead><tr>${block.columns.map((column) => `<th scope="col">${inline(column)}</th>`).join("")}</tr></thead>`
        : "";
      const rows = block.rows
        .map(
          (row) =>
            `<tr>${row.map((cell, at) => (at === 0 && !hasHead ? `<th scope="row">${inline(cell)}</th>` : `<td>${inline(cell)}</td>`)).join("")}</tr>`,
        )
        .join("");
      return `<div class="wide"><table>${head}<tbody>${rows}</tbody></table></div>`;
    }
  }
};

/** The HTML. Its one style sheet stands in it: see `protocolPolicy`. */
export const protocolHtml = ({ title, subtitle, blocks }: ProtocolDocument): string => {
  const contents = blocks.flatMap((block) => (block.kind === "heading" && block.level < 3 ? [block] : []));
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)}, ${escape(subtitle)}</title>
<style>${protocolStyle}</style>
</head>
<body>
<main>
<h1>${escape(title)}</h1>
<p>${escape(subtitle)}</p>
<nav aria-label="Contents"><ol>
${contents.map(({ text, id }) => `<li><a href="#${escape(id)}">${escape(text)}</a></li>`).join("\n")}
</ol></nav>
${blocks.map(blockHtml).join("\n")}
</main>
</body>
</html>
`;
};

/** What a browser may do with the page: nothing but show it, in its own style. */
export const protocolPolicy = `default-src 'none'; style-src 'sha256-${new Bun.CryptoHasher("sha256").update(protocolStyle).digest("base64")}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;
