/** Paper for what a service prints: labels, acts, invoices. */
export { printPdf } from "./pdf.ts";
export {
  type BoxMark,
  flawOfSheets,
  type Mark,
  type PrintInfo,
  printLimits,
  type ShapeMark,
  type Sheet,
  type TextMark,
} from "./sheet.ts";
