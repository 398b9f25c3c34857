/**
 * Starts Swagger UI on the page of the API reference (page.ts). Runs in the browser; loaded after swagger-ui.js, which defines SwaggerUIBundle.
 * What it needs to know stands in the data attributes of #reference.
 */
const browser = /** @type {any} */ (globalThis);
const place = browser.document.getElementById("reference");
const { document: url, key } = place.dataset;

// Swagger UI is dark where the page's root says so.
const dark = browser.matchMedia("(prefers-color-scheme: dark)");
const follow = () => browser.document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", follow);
follow();

const ui = browser.SwaggerUIBundle({
  url,
  domNode: place,
  deepLinking: true,
  docExpansion: "none",
  filter: true,
  tryItOutEnabled: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
  // No key is written to the browser's storage, and no document is sent to a validator elsewhere.
  persistAuthorization: false,
  validatorUrl: null,
  requestSnippetsEnabled: true,
  onComplete: () => {
    if (key !== undefined) ui.preauthorizeApiKey("bearerKey", key);
    place.dataset.ready = "true";
  },
});
