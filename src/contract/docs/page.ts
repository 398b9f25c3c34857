/**
 * The page of the API reference. Everything it loads lies beside it (`docs/…`), so it works offline and under a policy without inline script:
 * Swagger UI's own files, a small script that starts it, a small style sheet.
 */

const escapes: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
const escape = (text: string): string => text.replace(/[&<>"']/g, (character) => escapes[character] ?? "");

export interface ReferencePage {
  readonly title: string;
  readonly version: string;
  /** All versions, newest first, each with whether it is deprecated. */
  readonly versions: readonly { readonly name: string; readonly deprecated: boolean }[];
  /** A key that trying calls begins with: of a demonstration, never of production. */
  readonly demoKey?: string;
}

/**
 * Nothing from elsewhere, nothing inline, no frame around the page, no form sent anywhere. `data:` images are the arrows of Swagger UI's style
 * sheet; what its components set on their elements is set by script, which the policy allows.
 */
export const pagePolicy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const versionLinks = ({ version, versions }: ReferencePage): string =>
  versions
    .map(({ name, deprecated }) => {
      const text = `${escape(name)}${deprecated ? " (deprecated)" : ""}`;
      return name === version ? `<strong aria-current="page">${text}</strong>` : `<a href="../${escape(name)}/docs">${text}</a>`;
    })
    .join(" ");

const keyNote = (demoKey: string | undefined): string =>
  demoKey === undefined
    ? "To try calls, press <em>Authorize</em> and paste an API key."
    : "Calls are tried with the demo key of the sandbox; press <em>Authorize</em> to use another.";

/** The HTML. Addresses are relative to `…/docs`, so that it may be mounted under a path or a host of its own. */
export const referencePage = (page: ReferencePage): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(page.title)} API ${escape(page.version)}</title>
<link rel="icon" type="image/png" href="docs/favicon.png">
<link rel="stylesheet" href="docs/swagger-ui.css">
<link rel="stylesheet" href="docs/reference.css">
<script src="docs/swagger-ui.js" defer></script>
<script src="docs/reference.js" defer></script>
</head>
<body>
<header class="reference-bar">
<span class="reference-title">${escape(page.title)} API</span>
<nav aria-label="Versions">${versionLinks(page)}</nav>
<nav aria-label="Documents"><a href="openapi.json">OpenAPI 3.1</a> <a href="openapi.json?spec=3.2">OpenAPI 3.2</a></nav>
<span class="reference-note">${keyNote(page.demoKey)}</span>
</header>
<main id="reference" data-document="openapi.json"${page.demoKey === undefined ? "" : ` data-key="${escape(page.demoKey)}"`}></main>
<noscript><p>The reference needs JavaScript. The contract itself is in <a href="openapi.json">openapi.json</a>.</p></noscript>
</body>
</html>
`;
