/** What stands on a parcel's label, 100 × 150 mm, and the label as a sheet of paper. */
import type { Mark, Sheet } from "pons";
import { code128 } from "./code-128.ts";
import { amountText, type DocumentWords, englishWords, sidesText, weightText } from "./wording.ts";

export interface Party {
  readonly name: string;
  /** At most four: street, place, postal code. */
  readonly address: readonly string[];
  readonly phone?: string;
}

export interface Label {
  /** 4 to 60 letters, digits, `-` and `/`: the bar code. */
  readonly trackingNumber: string;
  readonly orderNumber: string;
  /** The way of delivery, in the reader's language. */
  readonly service: string;
  readonly zone: string;
  readonly from: Party;
  readonly to: Party;
  /** This one, from 1, of so many. */
  readonly parcel: number;
  readonly parcels: number;
  /** Grams. */
  readonly weight: number;
  /** 0.1 mm. */
  readonly length: number;
  readonly width: number;
  readonly height: number;
  readonly currency: string;
  /** Minor units to be collected; zero: nothing. */
  readonly cashOnDelivery: number;
  readonly isFragile: boolean;
  /** Printed as given: `2026-03-09`. */
  readonly date: string;
}

export const labelSides = { width: 100, height: 150 } as const;
const addressLinesMax = 4;

/** Throws `RangeError` for a label that cannot be printed. */
export const checkLabel = ({ trackingNumber, parcel, parcels, from, to }: Label): void => {
  if (!/^[0-9A-Za-z][0-9A-Za-z/-]{3,59}$/.test(trackingNumber))
    throw new RangeError("a tracking number has 4 to 60 letters, digits, hyphens and slashes");
  if (!Number.isSafeInteger(parcel) || parcel < 1 || parcel > parcels)
    throw new RangeError(`there is no parcel ${parcel} of ${parcels}`);
  for (const party of [from, to])
    if (party.address.length > addressLinesMax) throw new RangeError(`an address has at most ${addressLinesMax} lines`);
};

/** Facts of the last lines: order, parcel, weight, sides. */
export const factsOf = (label: Label, words: DocumentWords): readonly string[] => [
  `${words.order}: ${label.orderNumber}   ${label.date}`,
  `${words.parcel}: ${label.parcel} ${words.of} ${label.parcels}   ${words.weight}: ${weightText(label.weight)}`,
  `${words.sides}: ${sidesText(label)}`,
];

/** What the carrier must not overlook; undefined where there is nothing. */
export const noticesOf = (label: Label, words: DocumentWords): readonly string[] => [
  ...(label.cashOnDelivery > 0 ? [`${words.collect} ${amountText(label.cashOnDelivery, label.currency)}`] : []),
  ...(label.isFragile ? [words.fragile] : []),
];

const margin = 5;
const inner = labelSides.width - 2 * margin;

const text = (
  y: number,
  content: string,
  more: { readonly size: number; readonly font?: "bold" | "mono"; readonly lines?: number },
): Mark => ({
  kind: "text",
  x: margin,
  y,
  width: inner,
  text: content,
  ...more,
});

const mmPerPoint = 25.4 / 72;
/** Mean width of a character, as a share of its size: of capitals and wide letters more than most texts have. */
const em = { plain: 0.54, bold: 0.58, mono: 0.6 } as const;
/** The smallest print that is read without trouble. */
const sizeMin = 7;

/** A text in smaller print where it would not fit on its line; what does not even so is cut. */
const fitted = (
  y: number,
  content: string,
  { size, font = "plain", align = "left" }: Readonly<{ size: number; font?: keyof typeof em; align?: "left" | "center" }>,
): Mark => {
  const fits = Math.floor((inner / ([...content].length * em[font] * mmPerPoint)) * 10) / 10;
  return { kind: "text", x: margin, y, width: inner, text: content, size: Math.min(size, Math.max(sizeMin, fits)), font, align };
};

const ruler = (y: number): Mark => ({ kind: "box", x: margin, y, width: inner, height: 0.3 });

/** Bars as wide as fit, at most 0.5 mm a module, centred, with quiet zones of ten modules. */
const barMarks = (content: string, y: number, height: number): readonly Mark[] => {
  const { widths, modules } = code128(content);
  const module = Math.min(0.5, labelSides.width / (modules + 20));
  let x = (labelSides.width - modules * module) / 2;
  const marks: Mark[] = [];
  for (const [at, width] of widths.entries()) {
    if (at % 2 === 0) marks.push({ kind: "box", x, y, width: width * module, height });
    x += width * module;
  }
  return marks;
};

const partyMarks = (
  title: string,
  { name, address, phone }: Party,
  { y, size }: { readonly y: number; readonly size: number },
): readonly Mark[] => {
  const step = size * 0.46;
  return [
    text(y, title, { size: 7 }),
    fitted(y + 3.5, name, { size: size + 1, font: "bold" }),
    ...[...address, ...(phone === undefined ? [] : [phone])].map((line, at) => fitted(y + 4.5 + (at + 1) * step, line, { size })),
  ];
};

/** The label as a sheet. Texts that do not fit are printed smaller, or else cut with an ellipsis. Throws `RangeError` for one that cannot be printed. */
export const labelSheet = (label: Label, words: DocumentWords = englishWords): Sheet => {
  checkLabel(label);
  return {
    ...labelSides,
    marks: [
      { kind: "text", x: margin, y: 5, width: 64, text: label.service, size: 15, font: "bold" },
      { kind: "text", x: 70, y: 5, width: 25, text: label.zone, size: 15, font: "bold", align: "right" },
      ruler(13),
      ...partyMarks(words.from, label.from, { y: 14, size: 8 }),
      ruler(40),
      ...partyMarks(words.to, label.to, { y: 41, size: 12 }),
      ruler(80),
      ...noticesOf(label, words).map((notice, at) => text(81.5 + at * 7, notice, { size: 15, font: "bold" })),
      ruler(97),
      ...barMarks(label.trackingNumber, 100, 24),
      fitted(125, label.trackingNumber, { size: 11, font: "mono", align: "center" }),
      ruler(131),
      ...factsOf(label, words).map((fact, at) => fitted(132.5 + at * 4.8, fact, { size: 9 })),
    ],
  };
};
