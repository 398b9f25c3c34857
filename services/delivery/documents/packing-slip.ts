/** The packing slip of an order: its goods, and for each parcel a picture of how they lie in it, step by step. A4. */
import type { Mark, Sheet } from "pons";
import { Draughtsman, type Drawing, type Parcel, stepsOf } from "../packing/index.ts";
import type { Party } from "./label.ts";
import { type DocumentWords, englishWords, sidesText, weightText } from "./wording.ts";

export interface SlipGoods {
  readonly sku: string;
  readonly name: string;
  readonly quantity: number;
  /** Grams of one piece. */
  readonly weight: number;
}

export interface PackedBox {
  readonly position: number;
  /** Outer sides, 0.1 mm. */
  readonly length: number;
  readonly width: number;
  readonly height: number;
  /** Grams. */
  readonly weight: number;
  /** What it is packed in, as the house calls it. */
  readonly carton: string | null;
  /** How the goods lie in it: an item is the number of a line of goods, from 1. Undefined where it is not known. */
  readonly box: Parcel | undefined;
}

export interface PackingSlip {
  readonly orderNumber: string;
  /** Printed as given: `2026-03-09`. */
  readonly date: string;
  readonly trackingNumber: string | null;
  readonly from: Party;
  readonly to: Party;
  readonly comment: string | null;
  readonly goods: readonly SlipGoods[];
  readonly parcels: readonly PackedBox[];
}

const [left, width] = [15, 180];
const rowHeight = 6;
const rowsPerSheet = 32;
/** Lines of goods that are listed beside a picture. */
const legendMax = 24;
const stepsMax = 12;

const text = (x: number, y: number, content: string, more: Partial<Extract<Mark, { kind: "text" }>> = {}): Mark => ({
  kind: "text",
  x,
  y,
  width: left + width - x,
  text: content,
  size: 9,
  ...more,
});

const ruler = (y: number): Mark => ({ kind: "box", x: left, y, width, height: 0.15, grey: 0.6 });

const columns = [
  { x: 15, width: 10, align: "right" },
  { x: 28, width: 32, align: "left" },
  { x: 62, width: 86, align: "left" },
  { x: 148, width: 20, align: "right" },
  { x: 170, width: 25, align: "right" },
] as const;

const row = (y: number, cells: readonly string[], font: "plain" | "bold"): readonly Mark[] => [
  ...columns.map(({ x, width: wide, align }, at) => text(x, y + 1.2, cells[at] ?? "", { width: wide, align, font })),
  ruler(y + rowHeight),
];

const partyMarks = (x: number, title: string, { name, address, phone }: Party): readonly Mark[] => [
  text(x, 28, title, { size: 8, width: 86 }),
  text(x, 32, name, { size: 11, font: "bold", width: 86 }),
  ...[...address, ...(phone === undefined ? [] : [phone])].map((line, at) => text(x, 37.5 + at * 4.6, line, { width: 86 })),
];

const headMarks = ({ orderNumber, date, trackingNumber }: PackingSlip, words: DocumentWords): readonly Mark[] => [
  text(left, 12, `${words.slipTitle} ${orderNumber}`, { size: 15, font: "bold" }),
  text(
    left,
    20,
    [`${words.date}: ${date}`, ...(trackingNumber === null ? [] : [`${words.tracking}: ${trackingNumber}`])].join("   "),
  ),
];

/** The goods, so many a sheet; the first sheet tells whose they are. */
const goodsSheets = (slip: PackingSlip, words: DocumentWords): readonly (readonly Mark[])[] => {
  const { goods, comment } = slip;
  const count = Math.ceil(goods.length / rowsPerSheet);
  return Array.from({ length: count }, (_, sheet) => {
    const first = sheet * rowsPerSheet;
    const top = 72;
    const rows = goods.slice(first, first + rowsPerSheet);
    const pieces = goods.reduce((sum, { quantity }) => sum + quantity, 0);
    const weight = goods.reduce((sum, one) => sum + one.quantity * one.weight, 0);
    return [
      ...headMarks(slip, words),
      ...partyMarks(left, words.from, slip.from),
      ...partyMarks(109, words.to, slip.to),
      ...(comment === null || sheet > 0 ? [] : [text(left, 63.5, `${words.comment}: ${comment}`, { lines: 2, size: 8 })]),
      ...row(top, [words.number, words.article, words.name, words.quantity, words.weight], "bold"),
      ...rows.flatMap((one, at) =>
        row(
          top + (at + 1) * rowHeight,
          [String(first + at + 1), one.sku, one.name, String(one.quantity), weightText(one.weight * one.quantity)],
          "plain",
        ),
      ),
      ...(sheet === count - 1
        ? row(top + (rows.length + 1) * rowHeight, ["", words.total, "", String(pieces), weightText(weight)], "bold")
        : []),
    ];
  });
};

const drawn = (drawing: Drawing, x: number, y: number): readonly Mark[] => {
  const moved = (points: readonly (readonly [number, number])[]) => points.map(([px, py]) => [px + x, py + y] as const);
  const faces = [...drawing.box, ...drawing.pieces.flatMap(({ faces: own }) => own)];
  return [
    ...faces.map(({ points, fill, opacity }): Mark => ({
      kind: "shape",
      points: moved(points),
      fill,
      opacity,
      stroke: 0.35,
      colour: "#333333",
    })),
    ...drawing.edges.map((line): Mark => ({
      kind: "shape",
      points: moved(line),
      stroke: 0.4,
      colour: "#8a8270",
      isDashed: true,
    })),
  ];
};

/** A parcel: the packed box, its goods by colour, and the steps. */
const boxSheet = (slip: PackingSlip, parcel: PackedBox, box: Parcel, words: DocumentWords): readonly Mark[] => {
  const draughtsman = new Draughtsman(box);
  const count = box.placements.length;
  const large = draughtsman.draw(115, { until: count, from: 0 });
  const pieces = Map.groupBy(box.placements, ({ item }) => item);
  const items = [...pieces.keys()].toSorted((one, other) => Number(one) - Number(other));
  const top = 36;
  const steps = stepsOf(count, stepsMax).map((one) => ({ ...one, drawing: draughtsman.draw(width / 4 - 3, one) }));
  const stepsTop = Math.max(top + large.height + 6, top + Math.min(items.length, legendMax) * 4.6 + 10);
  // Three rows at most; where they are tall, they are made smaller rather than left out.
  const space = 283 - stepsTop;
  const cell = Math.min((steps[0]?.drawing.height ?? 0) + 8, space / Math.ceil(steps.length / 4));
  const scale = Math.min(1, (cell - 7) / (steps[0]?.drawing.height ?? 1));
  return [
    ...headMarks(slip, words),
    text(
      left,
      27,
      [
        `${words.parcel} ${parcel.position} ${words.of} ${slip.parcels.length}`,
        ...(parcel.carton === null ? [] : [parcel.carton]),
        sidesText(parcel),
        weightText(parcel.weight),
      ].join("   "),
      { size: 11, font: "bold" },
    ),
    ...drawn(large, left, top),
    ...items.slice(0, legendMax).flatMap((item, at): readonly Mark[] => {
      const y = top + 2 + at * 4.6;
      const { sku = "", name = "" } = slip.goods[Number(item) - 1] ?? {};
      const square = [
        [136, y],
        [139, y],
        [139, y + 3],
        [136, y + 3],
      ] as const;
      return [
        { kind: "shape", points: square, fill: draughtsman.colourOf(item), stroke: 0.3, colour: "#333333" },
        text(141, y - 0.6, `${pieces.get(item)?.length ?? 0} × ${name === "" ? sku : name}`, { size: 8.5, width: 54 }),
      ];
    }),
    ...(items.length > legendMax ? [text(141, top + 2 + legendMax * 4.6, "…", { width: 54 })] : []),
    ...steps.flatMap(({ until, from, label }, at): readonly Mark[] => {
      const x = left + (at % 4) * (width / 4);
      const y = stepsTop + Math.floor(at / 4) * cell;
      const small = draughtsman.draw((width / 4 - 3) * scale, { until, from });
      return [text(x, y, `${words.step} ${label}`, { size: 8, width: width / 4 - 3 }), ...drawn(small, x, y + 4)];
    }),
  ];
};

/** The slip's sheets: the goods, then a sheet for each parcel of which it is known what lies where. Throws `RangeError` for no goods. */
export const packingSlipSheets = (slip: PackingSlip, words: DocumentWords = englishWords): readonly Sheet[] => {
  if (slip.goods.length === 0) throw new RangeError("a packing slip has goods");
  const pages = [
    ...goodsSheets(slip, words),
    ...slip.parcels.flatMap((parcel) => (parcel.box === undefined ? [] : [boxSheet(slip, parcel, parcel.box, words)])),
  ];
  return pages.map((marks, at) => ({
    width: 210,
    height: 297,
    marks: [...marks, text(left, 287, `${words.page} ${at + 1} / ${pages.length}`, { size: 8, align: "right" })],
  }));
};
