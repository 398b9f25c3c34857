/** The hand-over act of a register: which parcels were handed over, by whom and to whom, with totals and a place for signatures. A4. */
import type { Mark, Sheet } from "pons";
import type { Party } from "./label.ts";
import { amountText, type DocumentWords, englishWords, weightText } from "./wording.ts";

export interface ActRow {
  readonly trackingNumber: string;
  readonly orderNumber: string;
  readonly recipient: string;
  readonly parcels: number;
  /** Grams. */
  readonly weight: number;
  /** Minor units. */
  readonly declaredValue: number;
  readonly cashOnDelivery: number;
}

export interface Act {
  readonly number: string;
  /** Printed as given: `2026-03-09`. */
  readonly date: string;
  readonly from: Party;
  readonly to: Party;
  readonly currency: string;
  readonly rows: readonly ActRow[];
}

/** An act has at most so many rows: 5000 are 143 sheets. */
export const actRowsMax = 5000;
const rowsPerSheet = 35;
const rowHeight = 6;
const [left, width] = [15, 180];

interface Column {
  readonly title: (words: DocumentWords) => string;
  /** mm. */
  readonly width: number;
  readonly isNumber?: true;
  readonly cell: (row: ActRow, at: number, currency: string) => string;
}

const columns: readonly Column[] = [
  { title: ({ number }) => number, width: 9, isNumber: true, cell: (_, at) => String(at + 1) },
  { title: ({ tracking }) => tracking, width: 38, cell: ({ trackingNumber }) => trackingNumber },
  { title: ({ order }) => order, width: 24, cell: ({ orderNumber }) => orderNumber },
  { title: ({ recipient }) => recipient, width: 34, cell: ({ recipient }) => recipient },
  { title: ({ parcels }) => parcels, width: 14, isNumber: true, cell: ({ parcels }) => String(parcels) },
  { title: ({ weight }) => weight, width: 19, isNumber: true, cell: ({ weight }) => weightText(weight) },
  {
    title: ({ declared }) => declared,
    width: 21,
    isNumber: true,
    cell: ({ declaredValue }, _, currency) => amountText(declaredValue, currency),
  },
  {
    title: ({ toCollect }) => toCollect,
    width: 21,
    isNumber: true,
    cell: ({ cashOnDelivery }, _, currency) => amountText(cashOnDelivery, currency),
  },
];

const text = (
  x: number,
  y: number,
  content: string,
  more: { readonly size: number; readonly width?: number; readonly font?: "bold" },
): Mark => ({
  kind: "text",
  x,
  y,
  width,
  text: content,
  ...more,
});

/** One line of the table at a height. */
const rowMarks = (y: number, cells: readonly string[], font: "plain" | "bold"): readonly Mark[] => {
  const marks: Mark[] = [{ kind: "box", x: left, y: y + rowHeight, width, height: 0.15, grey: 0.6 }];
  let x = left;
  for (const [at, column] of columns.entries()) {
    marks.push({
      kind: "text",
      x: x + 0.7,
      y: y + 1.4,
      width: column.width - 1.4,
      text: cells[at] ?? "",
      size: 8,
      font,
      align: column.isNumber === true ? "right" : "left",
    });
    x += column.width;
  }
  return marks;
};

const partyText = ({ name, address, phone }: Party): string =>
  [name, ...address, ...(phone === undefined ? [] : [phone])].join(", ");

const headMarks = ({ number, date, from, to }: Act, words: DocumentWords): readonly Mark[] => [
  text(left, 12, `${words.actTitle} ${number}`, { size: 15, font: "bold" }),
  text(left, 20, `${words.date}: ${date}`, { size: 10 }),
  text(left, 25.5, `${words.handsOver}: ${partyText(from)}`, { size: 9 }),
  text(left, 30.5, `${words.takesOver}: ${partyText(to)}`, { size: 9 }),
  ...rowMarks(
    37,
    columns.map(({ title }) => title(words)),
    "bold",
  ),
];

const sum = (rows: readonly ActRow[], field: "parcels" | "weight" | "declaredValue" | "cashOnDelivery"): bigint =>
  rows.reduce((total, row) => total + BigInt(row[field]), 0n);

const footMarks = ({ rows, currency }: Act, y: number, words: DocumentWords): readonly Mark[] => {
  const totals = [
    String(rows.length),
    words.total,
    "",
    "",
    String(sum(rows, "parcels")),
    weightText(Number(sum(rows, "weight"))),
    amountText(sum(rows, "declaredValue"), currency),
    amountText(sum(rows, "cashOnDelivery"), currency),
  ];
  const signature = (x: number, title: string): readonly Mark[] => [
    text(x, y + 10, title, { size: 9, width: 80 }),
    { kind: "box", x, y: y + 21, width: 80, height: 0.2 },
    text(x, y + 21.5, words.signature, { size: 7, width: 80 }),
  ];
  return [...rowMarks(y, totals, "bold"), ...signature(left, words.handsOver), ...signature(115, words.takesOver)];
};

/** The act's sheets; the last one carries totals and signatures. Throws `RangeError` for no row, or more than `actRowsMax`. */
export const actSheets = (act: Act, words: DocumentWords = englishWords): readonly Sheet[] => {
  if (act.rows.length === 0 || act.rows.length > actRowsMax) throw new RangeError(`an act has 1 to ${actRowsMax} rows`);
  const count = Math.ceil(act.rows.length / rowsPerSheet);
  return Array.from({ length: count }, (_, sheet) => {
    const first = sheet * rowsPerSheet;
    const rows = act.rows.slice(first, first + rowsPerSheet);
    const top = 37 + rowHeight;
    return {
      width: 210,
      height: 297,
      marks: [
        ...headMarks(act, words),
        ...rows.flatMap((row, at) =>
          rowMarks(
            top + at * rowHeight,
            columns.map(({ cell }) => cell(row, first + at, act.currency)),
            "plain",
          ),
        ),
        ...(sheet === count - 1 ? footMarks(act, top + rows.length * rowHeight, words) : []),
        { kind: "text", x: left, y: 287, width, text: `${words.page} ${sheet + 1} / ${count}`, size: 8, align: "right" },
      ],
    };
  });
};
