/** The protocol description as a PDF, A4, with an outline and page numbers. Its fonts are embedded: Latin, Cyrillic. */
import { createRequire } from "node:module";
import PdfDocument from "pdfkit";
import { type Block, type ProtocolDocument, spansOf } from "./model.ts";

const require = createRequire(import.meta.url);
const fonts = {
  plain: require.resolve("@expo-google-fonts/pt-sans/400Regular/PTSans_400Regular.ttf"),
  bold: require.resolve("@expo-google-fonts/pt-sans/700Bold/PTSans_700Bold.ttf"),
  mono: require.resolve("@expo-google-fonts/pt-mono/400Regular/PTMono_400Regular.ttf"),
} as const;

const margin = 56;
const ink = "#1b1f24";
const soft = "#f2f4f6";
const line = "#cfd5dc";
const sizes = { 1: 18, 2: 14, 3: 11.5, text: 9.5, code: 8, table: 8.5 } as const;
const cellPadding = 4;

class Printer {
  readonly #pdf: PDFKit.PDFDocument;
  readonly #width: number;
  readonly #outlines: PDFKit.PDFOutline[] = [];

  constructor(pdf: PDFKit.PDFDocument) {
    this.#pdf = pdf;
    this.#width = pdf.page.width - 2 * margin;
    for (const [name, path] of Object.entries(fonts)) pdf.registerFont(name, path);
    this.#outlines[0] = pdf.outline;
  }

  get #bottom(): number {
    return this.#pdf.page.height - margin;
  }

  #room(height: number): void {
    if (this.#pdf.y + height > this.#bottom) this.#pdf.addPage();
  }

  title(title: string, subtitle: string): void {
    this.#pdf.font("bold").fontSize(26).fillColor(ink).text(title, margin, 180, { width: this.#width });
    this.#pdf.font("plain").fontSize(13).text(subtitle);
  }

  block(block: Block): void {
    switch (block.kind) {
      case "heading":
        return this.#heading(block);
      case "text":
        return this.#spans(block.text, 6);
      case "list":
        for (const item of block.items) this.#spans(`•  ${item}`, 2);
        this.#pdf.moveDown(0.4);
        return undefined;
      case "code":
        return this.#code(block.text);
      case "table":
        return this.#table(block);
    }
  }

  #heading({ level, text, id }: Extract<Block, { kind: "heading" }>): void {
    const pdf = this.#pdf;
    if (level === 1) pdf.addPage();
    else {
      this.#room(70);
      pdf.moveDown(level === 2 ? 1 : 0.7);
    }
    const parent = this.#outlines.slice(0, level).findLast((outline) => outline !== undefined) ?? pdf.outline;
    this.#outlines.length = level;
    this.#outlines[level] = parent.addItem(text);
    pdf.font("bold").fontSize(sizes[level]).fillColor(ink).text(text, margin, pdf.y, { width: this.#width, destination: id });
    pdf.moveDown(0.3);
  }

  /** Text with code in it. */
  #spans(text: string, after: number): void {
    const pdf = this.#pdf;
    const spans = spansOf(text);
    this.#room(2 * sizes.text);
    pdf.fontSize(sizes.text).fillColor(ink);
    for (const [at, { text: part, isCode }] of spans.entries()) {
      const isLast = at === spans.length - 1;
      const options = { width: this.#width, continued: !isLast, lineGap: 1.5 };
      pdf.font(isCode ? "mono" : "plain");
      if (at === 0) pdf.text(part, margin, pdf.y, options);
      else pdf.text(part, options);
    }
    pdf.y += after;
  }

  #code(text: string): void {
    const pdf = this.#pdf;
    pdf.font("mono").fontSize(sizes.code);
    const options = { width: this.#width - 16, lineGap: 1 };
    for (const part of this.#partsOf(text, options)) {
      const height = pdf.heightOfString(part, options) + 12;
      this.#room(height);
      const top = pdf.y;
      pdf.rect(margin, top, this.#width, height).fill(soft);
      pdf.fillColor(ink).text(part, margin + 8, top + 6, options);
      pdf.x = margin;
      pdf.y = top + height + 8;
    }
  }

  /** What is longer than a page comes in parts. */
  #partsOf(text: string, options: PDFKit.Mixins.TextOptions): readonly string[] {
    const heightMax = this.#bottom - margin - 20;
    const parts: string[] = [];
    let part = "";
    for (const row of text.split("\n")) {
      const longer = part === "" ? row : `${part}\n${row}`;
      if (part !== "" && this.#pdf.heightOfString(longer, options) > heightMax) {
        parts.push(part);
        part = row;
      } else part = longer;
    }
    return [...parts, part];
  }

  #table({ columns, widths, rows }: Extract<Block, { kind: "table" }>): void {
    const sum = widths.reduce((total, width) => total + width, 0);
    const pixels = widths.map((width) => (width / sum) * this.#width);
    const hasHead = columns.some((column) => column !== "");
    const head = (): void => {
      if (hasHead) this.#row(columns, pixels, { isHead: true });
    };
    head();
    for (const row of rows) this.#row(row, pixels, { isHead: false, onNewPage: head });
    this.#pdf.y += 8;
  }

  #cellText(cell: string): string {
    return spansOf(cell)
      .map(({ text }) => text)
      .join("");
  }

  /** Draws a row; on a new page where there is no room, on which the head stands again. */
  #row(
    cells: readonly string[],
    widths: readonly number[],
    { isHead, onNewPage }: { readonly isHead: boolean; readonly onNewPage?: () => void },
  ): void {
    const pdf = this.#pdf;
    const fontOf = (cell: string): string => (isHead ? "bold" : /^`[^`]+`$/.test(cell) ? "mono" : "plain");
    const sizeOf = (cell: string): number => (fontOf(cell) === "mono" ? sizes.code : sizes.table);
    const heights = cells.map((cell, at) => {
      pdf.font(fontOf(cell)).fontSize(sizeOf(cell));
      return pdf.heightOfString(this.#cellText(cell) || " ", { width: (widths[at] ?? 0) - 2 * cellPadding });
    });
    const height = Math.min(Math.max(...heights), this.#bottom - margin - 20) + 2 * cellPadding;
    if (pdf.y + height > this.#bottom) {
      pdf.addPage();
      onNewPage?.();
    }
    const top = pdf.y;
    let left = margin;
    for (const [at, cell] of cells.entries()) {
      const width = widths[at] ?? 0;
      if (isHead) pdf.rect(left, top, width, height).fill(soft);
      pdf.rect(left, top, width, height).lineWidth(0.5).stroke(line);
      pdf
        .font(fontOf(cell))
        .fontSize(sizeOf(cell))
        .fillColor(ink)
        .text(this.#cellText(cell), left + cellPadding, top + cellPadding, {
          width: width - 2 * cellPadding,
          height: height - 2 * cellPadding,
          ellipsis: true,
        });
      left += width;
    }
    pdf.x = margin;
    pdf.y = top + height;
  }
}

const footers = (pdf: PDFKit.PDFDocument, title: string): void => {
  const { start, count } = pdf.bufferedPageRange();
  for (let page = start; page < start + count; page++) {
    pdf.switchToPage(page);
    // Below the margin nothing would be written otherwise.
    pdf.page.margins.bottom = 0;
    pdf.font("plain").fontSize(8).fillColor("#5b6570");
    pdf.text(title, margin, pdf.page.height - 36, { lineBreak: false });
    pdf.text(`${page + 1} / ${count}`, pdf.page.width - margin - 60, pdf.page.height - 36, {
      width: 60,
      align: "right",
      lineBreak: false,
    });
    pdf.page.margins.bottom = margin;
  }
};

/** The PDF's bytes. The same document gives the same bytes. */
export const protocolPdf = async (document: ProtocolDocument): Promise<Uint8Array> => {
  const { title, subtitle, blocks } = document;
  const pdf = new PdfDocument({
    size: "A4",
    margin,
    bufferPages: true,
    lang: "en",
    info: { Title: `${title}, ${subtitle}`, CreationDate: new Date(0), Producer: "Pons", Creator: "Pons" },
  });
  const chunks: Uint8Array[] = [];
  const ended = Promise.withResolvers<void>();
  pdf.on("data", (chunk: Uint8Array) => void chunks.push(chunk));
  pdf.on("end", () => ended.resolve());
  const printer = new Printer(pdf);
  printer.title(title, subtitle);
  for (const block of blocks) printer.block(block);
  footers(pdf, `${title}, ${subtitle}`);
  pdf.end();
  await ended.promise;
  return new Uint8Array(Buffer.concat(chunks));
};
