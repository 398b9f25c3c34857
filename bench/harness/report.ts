/** The report: Markdown, printed while the run goes on and kept in bench/RESULTS.md, one section per topic. */
import type { Summary } from "./statistics.ts";

/** Three digits that mean something: 12,345 → "12,300", 0.01234 → "0.0123". */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return "–";
  const rounded = Number(value.toPrecision(3));
  return rounded.toLocaleString("en-US", { maximumFractionDigits: 6 });
}

/** "12 (11 … 14)": the median and how far the rounds lie apart. */
export function spread({ median, min, max, count }: Summary): string {
  return count === 0 ? "–" : `${figure(median)} (${figure(min)} … ${figure(max)})`;
}

/** The first column is text, the others are figures. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map((_, index) => (index === 0 ? "---" : "--:"))), ...rows.map(line)].join("\n");
}

export class Report {
  readonly #parts: string[] = [];

  /** Adds a paragraph or table; it is printed at once. */
  add(markdown: string): void {
    this.#parts.push(markdown);
    process.stdout.write(`${markdown}\n\n`);
  }

  get markdown(): string {
    return this.#parts.join("\n\n");
  }
}

const heading =
  "# Results\n\nWritten by `npm run bench -- <topic>`. Ratios are the results; the figures they come from are footnotes of one machine.\n";

/** The file's text with the topic's section replaced, or added at the end. `text`: what the file holds now, possibly nothing. */
export function withSection(text: string, topic: string, markdown: string): string {
  const begin = `<!-- begin ${topic} -->`;
  const end = `<!-- end ${topic} -->`;
  const section = `${begin}\n${markdown}\n${end}`;
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from >= 0 && to > from) return text.slice(0, from) + section + text.slice(to + end.length);
  return `${text === "" ? heading : text.trimEnd()}\n\n${section}\n`.replace("\n\n\n", "\n\n");
}
