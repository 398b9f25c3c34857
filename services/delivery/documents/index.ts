/** Documents of deliveries, from plain data: labels as PDF and ZPL, the hand-over act and the packing slip as PDF. The same data give the same bytes. */
import { printPdf } from "pons";
import { type Act, actSheets } from "./act.ts";
import { type Label, labelSheet } from "./label.ts";
import { type PackingSlip, packingSlipSheets } from "./packing-slip.ts";
import type { DocumentWords } from "./wording.ts";

export { type Act, type ActRow, actRowsMax } from "./act.ts";
export { labelZpl } from "./label-zpl.ts";
export type { Label, Party } from "./label.ts";
export type { PackedBox, PackingSlip, SlipGoods } from "./packing-slip.ts";
export { type DocumentWords, englishWords, wordsFor } from "./wording.ts";

interface Printing {
  /** RFC 3339: goes into the file, so that the same data give the same bytes. */
  readonly createdAt: string;
  readonly words?: DocumentWords;
}

/** A sheet of 100 × 150 mm for each label, at most a thousand. Throws `RangeError` for what cannot be printed. */
export const labelsPdf = (labels: readonly Label[], { createdAt, words }: Printing): Promise<Uint8Array> =>
  printPdf(
    labels.map((label) => labelSheet(label, words)),
    {
      title: labels
        .map(({ trackingNumber }) => trackingNumber)
        .slice(0, 3)
        .join(", "),
      createdAt,
    },
  );

/** The act on sheets of A4. Throws `RangeError` for no row, or more than `actRowsMax`. */
export const actPdf = (act: Act, { createdAt, words }: Printing): Promise<Uint8Array> =>
  printPdf(actSheets(act, words), { title: act.number, createdAt });

/** The packing slip on sheets of A4, at most 250. Throws `RangeError` for no goods. */
export const packingSlipPdf = (slip: PackingSlip, { createdAt, words }: Printing): Promise<Uint8Array> =>
  printPdf(packingSlipSheets(slip, words), { title: slip.orderNumber, createdAt });
