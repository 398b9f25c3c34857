/** Files of the reference page: Swagger UI's from its package (swagger-ui-dist), ours from beside this file. Read when first asked for. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type DocumentHandler, serve } from "./served.ts";

const script = "text/javascript; charset=utf-8";
const style = "text/css; charset=utf-8";

const packaged = (file: string): string => fileURLToPath(import.meta.resolve(`swagger-ui-dist/${file}`));
const own = (file: string): string => join(dirname(fileURLToPath(import.meta.url)), file);

/** Name below `docs/` → where the file lies and what it is. */
const files: Readonly<Record<string, readonly [path: () => string, contentType: string]>> = {
  "swagger-ui.js": [() => packaged("swagger-ui-bundle.js"), script],
  "swagger-ui.css": [() => packaged("swagger-ui.css"), style],
  "favicon.png": [() => packaged("favicon-32x32.png"), "image/png"],
  "reference.js": [() => own("reference.js"), script],
  "reference.css": [() => own("reference.css"), style],
};

/** Handlers by name; the same for every service and version. */
export const assets: ReadonlyMap<string, DocumentHandler> = new Map(
  Object.entries(files).map(([name, [path, contentType]]) => [name, serve({ contentType, make: () => readFileSync(path()) })]),
);
