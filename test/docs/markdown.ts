/** Fenced blocks and generated parts of a Markdown file. */

export interface Block {
  /** First word of the info string: `sh`, `http`; empty when there is none. */
  readonly language: string;
  readonly text: string;
  /** Line of the opening fence, from 1. */
  readonly line: number;
}

const fence = /^(\s*)(```+)\s*(\w*)[^\n]*$/;

/** The fenced blocks, in order. Throws, with its line, when one is not closed. */
export const blocksOf = (markdown: string): readonly Block[] => {
  const blocks: Block[] = [];
  const lines = markdown.split("\n");
  for (let at = 0; at < lines.length; at++) {
    const [, , ticks, language] = fence.exec(lines[at] ?? "") ?? [];
    if (ticks === undefined) continue;
    const end = lines.findIndex((line, index) => index > at && line.trim() === ticks);
    if (end === -1) throw new Error(`line ${at + 1}: the block is not closed`);
    blocks.push({ language: language ?? "", text: lines.slice(at + 1, end).join("\n"), line: at + 1 });
    at = end;
  }
  return blocks;
};

/** The file with another text in one of its blocks. */
export const withBlock = (markdown: string, block: Block, text: string): string => {
  const lines = markdown.split("\n");
  const length = block.text === "" && lines[block.line]?.trim().startsWith("```") ? 0 : block.text.split("\n").length;
  return [...lines.slice(0, block.line), ...text.split("\n"), ...lines.slice(block.line + length)].join("\n");
};

const part = /(<!-- begin generated: ([\w-]+) -->\n)([\s\S]*?)(<!-- end generated -->)/g;

/** The file with its generated parts made anew. Throws when it names one that nobody makes. */
export const withGenerated = (markdown: string, make: Readonly<Record<string, () => string>>): string =>
  markdown.replace(part, (_, begin: string, name: string, __: string, end: string) => {
    const maker = make[name];
    if (maker === undefined) throw new Error(`there is no generated part ${name}: ${Object.keys(make).join(", ")}`);
    return `${begin}\n${maker().trim()}\n\n${end}`;
  });

/** Names of the generated parts of a file. */
export const generatedNames = (markdown: string): readonly string[] =>
  [...markdown.matchAll(part)].map(([, , name]) => name ?? "");

/** Cells in columns of one width, as the formatter writes them. */
export const tableOf = (head: readonly string[], rows: readonly (readonly string[])[]): string => {
  const clean = rows.map((row) => row.map((cell) => cell.replaceAll("|", "\\|").replaceAll("\n", " ")));
  const widths = head.map((title, column) => Math.max(3, title.length, ...clean.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...clean.map(line)].join("\n");
};
