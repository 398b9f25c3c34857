/** Sheets as a PDF. Fonts are embedded: Latin, Cyrillic. */
import { createRequire } from "node:module";
import { setImmediate } from "node:timers/promises";
import { type BoxMark, flawOfSheets, type PrintInfo, type ShapeMark, type Sheet, type TextMark } from "./sheet.ts";

const pointsPerMm = 72 / 25.4;

const fontFiles = (): Readonly<Record<"plain" | "bold" | "mono", string>> => {
  const { resolve } = createRequire(import.meta.url);
  return {
    plain: resolve("@expo-google-fonts/pt-sans/400Regular/PTSans_400Regular.ttf"),
    bold: resolve("@expo-google-fonts/pt-sans/700Bold/PTSans_700Bold.ttf"),
    mono: resolve("@expo-google-fonts/pt-mono/400Regular/PTMono_400Regular.ttf"),
  };
};

/** Control characters have no glyph and no place on paper. */
const printable = (text: string): string => text.replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]+/gu, " ").trim();

/** What fits of a text on a line, with an ellipsis where it was cut. */
const fitted = (pdf: PDFKit.PDFDocument, text: string, width: number): { readonly text: string; readonly width: number } => {
  const whole = pdf.widthOfString(text);
  if (whole <= width) return { text, width: whole };
  const characters = [...text];
  let [fits, tooMany] = [0, characters.length];
  while (tooMany - fits > 1) {
    const count = (fits + tooMany) >> 1;
    if (pdf.widthOfString(`${characters.slice(0, count).join("")}…`) <= width) fits = count;
    else tooMany = count;
  }
  const cut = `${characters.slice(0, fits).join("").trimEnd()}…`;
  return { text: cut, width: pdf.widthOfString(cut) };
};

const drawText = (pdf: PDFKit.PDFDocument, mark: TextMark): void => {
  const { x, y, width, size, font = "plain", align = "left", lines = 1 } = mark;
  const content = printable(mark.text);
  if (content === "") return;
  pdf.font(font).fontSize(size).fillColor("black");
  const [left, top, space] = [x * pointsPerMm, y * pointsPerMm, width * pointsPerMm];
  if (lines === 1) {
    // Most texts are a line: placed by what it measures, which takes a fraction of breaking it into lines.
    const { text, width: taken } = fitted(pdf, content, space);
    const shift = align === "left" ? 0 : (space - taken) / (align === "right" ? 1 : 2);
    pdf.text(text, left + shift, top, { lineBreak: false });
    return;
  }
  // The height of so many lines: what is beyond is cut, and nothing begins a page of its own.
  const height = lines * pdf.currentLineHeight(true) - 0.01;
  pdf.text(content, left, top, { width: space, height, align, ellipsis: true });
};

const drawBox = (pdf: PDFKit.PDFDocument, { x, y, width, height, stroke, grey = 0 }: BoxMark): void => {
  const level = Math.round(grey * 255);
  pdf.rect(x * pointsPerMm, y * pointsPerMm, width * pointsPerMm, height * pointsPerMm);
  if (stroke === undefined) pdf.fillColor([level, level, level]).fill();
  else pdf.lineWidth(stroke).strokeColor([level, level, level]).stroke();
};

const drawShape = (
  pdf: PDFKit.PDFDocument,
  { points, fill, opacity = 1, stroke, colour = "#000000", isDashed }: ShapeMark,
): void => {
  const path = (): unknown => pdf.polygon(...points.map(([x, y]): [number, number] => [x * pointsPerMm, y * pointsPerMm]));
  pdf.save();
  if (fill !== undefined) {
    path();
    pdf.fillOpacity(opacity).fillColor(fill).fill();
  }
  if (stroke !== undefined) {
    path();
    if (isDashed === true) pdf.dash(4 * stroke, { space: 4 * stroke });
    pdf.lineJoin("round").lineWidth(stroke).strokeColor(colour).stroke();
  }
  pdf.restore();
};

/** Marks drawn before others have a turn on the event loop. */
const marksPerTurn = 50;

/** The PDF's bytes. The same sheets and info give the same bytes. Throws `RangeError` for what `printLimits` or the paper do not hold. */
export const printPdf = async (sheets: readonly Sheet[], { title, createdAt }: PrintInfo): Promise<Uint8Array> => {
  const flaw = flawOfSheets(sheets);
  if (flaw !== undefined) throw new RangeError(flaw);
  const created = new Date(createdAt);
  if (Number.isNaN(created.getTime())) throw new RangeError(`not an instant: ${createdAt}`);
  // Read when the first document is printed: most processes print none.
  const { default: PdfDocument } = await import("pdfkit");
  const pdf = new PdfDocument({
    autoFirstPage: false,
    margin: 0,
    info: { Title: title, CreationDate: created, Producer: "Pons", Creator: "Pons" },
  });
  const chunks: Uint8Array[] = [];
  const ended = Promise.withResolvers<void>();
  pdf.on("data", (chunk: Uint8Array) => void chunks.push(chunk));
  pdf.on("end", () => ended.resolve());
  pdf.on("error", (error: Error) => ended.reject(error));
  for (const [name, file] of Object.entries(fontFiles())) pdf.registerFont(name, file);
  let drawn = 0;
  for (const { width, height, marks } of sheets) {
    pdf.addPage({ size: [width * pointsPerMm, height * pointsPerMm], margin: 0 });
    for (const mark of marks) {
      if (mark.kind === "text") drawText(pdf, mark);
      else if (mark.kind === "box") drawBox(pdf, mark);
      else drawShape(pdf, mark);
      if (++drawn % marksPerTurn === 0) await setImmediate();
    }
  }
  pdf.end();
  await ended.promise;
  return new Uint8Array(Buffer.concat(chunks));
};
