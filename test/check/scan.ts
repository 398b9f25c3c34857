/**
 * The imports of a TypeScript or JavaScript file, those of types included, as Bun's parser sees them: an import inside a comment or a string
 * is none.
 */
export interface Import {
  readonly specifier: string;
  /** From 1; the line of the specifier. */
  readonly line: number;
}

const loaders = { ts: "ts", tsx: "tsx", mts: "ts", mjs: "js", js: "js", jsx: "jsx" } as const;
const tsconfig = JSON.stringify({ compilerOptions: { verbatimModuleSyntax: true, jsx: "react-jsx" } });
/** The automatic runtime of JSX, which the parser adds and nobody wrote. */
const jsxRuntime = /^react\/jsx(-dev)?-runtime$/;

export const isCode = (file: string): boolean => /\.(ts|tsx|mts|mjs|js|jsx)$/.test(file) && !file.endsWith(".d.ts");

/** A parser drops what only carries types; written as values, such imports are seen too. Keeps every line where it is. */
function typesAsValues(code: string): string {
  return code
    .replace(/^#!.*/, "")
    .replace(/^import type (?=[\w{*])/gm, "import ")
    .replace(/^export type (?=[{*])/gm, "export ");
}

/** Throws, naming the file, where it is no valid code. */
export function importsOf(file: string, code: string): Import[] {
  const extension = file.slice(file.lastIndexOf(".") + 1) as keyof typeof loaders;
  const parser = new Bun.Transpiler({ loader: loaders[extension], tsconfig });
  let found: { path: string }[];
  try {
    found = parser.scanImports(typesAsValues(code));
  } catch (error) {
    throw new Error(`${file} cannot be parsed: ${String(error)}`, { cause: error });
  }
  const specifiers = [...new Set(found.map(({ path }) => path))].filter((path) => !jsxRuntime.test(path));
  const lines = code.split("\n");
  return specifiers.flatMap((specifier) => {
    const quoted = new RegExp(String.raw`(from|import|\()\s*["']${RegExp.escape(specifier)}["']`);
    const places = lines.flatMap((line, index) => (quoted.test(line) ? [index + 1] : []));
    return (places.length > 0 ? places : [1]).map((line) => ({ specifier, line }));
  });
}
