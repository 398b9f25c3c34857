/**
 * The imports of a TypeScript or JavaScript file, those of types included, as Bun's parser sees them: an import inside a comment or a string
 * is none.
 */
export interface Import {
  readonly specifier: string;
  /** From 1; the line of the specifier. */
  readonly line: number;
  /** Nothing of it is left when the program runs: `import type`, `export type`. */
  readonly isTypeOnly: boolean;
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
  const text = code.replace(/^#!.*/, "");
  let found: Set<string>;
  let running: Set<string>;
  try {
    found = new Set(parser.scanImports(typesAsValues(text)).map(({ path }) => path));
    running = new Set(parser.scanImports(text).map(({ path }) => path));
  } catch (error) {
    throw new Error(`${file} cannot be parsed: ${String(error)}`, { cause: error });
  }
  const lines = code.split("\n");
  return [...found]
    .filter((specifier) => !jsxRuntime.test(specifier))
    .flatMap((specifier) => {
      const quoted = new RegExp(String.raw`(from|import|\()\s*["']${RegExp.escape(specifier)}["']`);
      const places = lines.flatMap((line, index) => (quoted.test(line) ? [index + 1] : []));
      return (places.length > 0 ? places : [1]).map((line) => ({ specifier, line, isTypeOnly: !running.has(specifier) }));
    });
}
