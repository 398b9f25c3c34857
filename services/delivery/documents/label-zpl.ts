/**
 * A label in ZPL II, the language of label printers, for 203 dpi: 8 dots a millimetre. Text is UTF-8 (`^CI28`).
 *
 * What comes from outside stands in fields with `^FH`, where `_5E` is a byte by its number: `^`, `~` and `_` are always written so, and no text can
 * begin a command. A backslash, which `^FB` reads as a command of its own, becomes a slash; control characters become spaces.
 */
import { code128 } from "./code-128.ts";
import { checkLabel, factsOf, type Label, labelSides, noticesOf, type Party } from "./label.ts";
import { type DocumentWords, englishWords } from "./wording.ts";

const dotsPerMm = 8;
const margin = 40;
const inner = labelSides.width * dotsPerMm - 2 * margin;
/** Beside the way of delivery. */
const zoneWidth = 200;

/** A text as data of a `^FH` field. */
export const zplText = (text: string): string =>
  text
    .replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]+/gu, " ")
    .trim()
    .replaceAll("\\", "/")
    .replaceAll("_", "_5F")
    .replaceAll("^", "_5E")
    .replaceAll("~", "_7E");

/** Mean width of a character of font 0, as a share of its height. */
const em = 0.55;

/** Cut to what a line holds, since a printer writes what is beyond over the line itself. */
const cut = (text: string, height: number, width: number): string => {
  const characters = [...text];
  const countMax = Math.max(1, Math.floor(width / (height * em)));
  return characters.length <= countMax ? text : `${characters.slice(0, countMax - 1).join("")}…`;
};

interface FieldOptions {
  readonly align?: "L" | "C" | "R";
  readonly x?: number;
  readonly width?: number;
  /** The smallest height in which it may stand where it would not fit on its line; absent: it is cut. */
  readonly least?: number;
}

const field = (y: number, height: number, text: string, options: FieldOptions = {}): string => {
  const { align = "L", x = margin, width = inner, least = height } = options;
  const fits = Math.floor(width / ([...text].length * em));
  const dots = Math.min(height, Math.max(least, fits));
  return `^FO${x},${y}^A0N,${dots},${dots}^FB${width},1,0,${align},0^FH_^FD${zplText(cut(text, dots, width))}^FS`;
};

const ruler = (y: number): string => `^FO${margin},${y}^GB${inner},2,2^FS`;

const partyFields = (
  title: string,
  { name, address, phone }: Party,
  { y, height }: { readonly y: number; readonly height: number },
): readonly string[] => [
  field(y, 20, title),
  field(y + 28, height + 4, name, { least: 22 }),
  ...[...address, ...(phone === undefined ? [] : [phone])].map((line, at) =>
    field(y + 36 + (at + 1) * (height + 6), height, line, { least: 20 }),
  ),
];

/** Bars as wide as fit, at most four dots a module. A tracking number has no character that `^BC` reads as a command. */
const barField = (number: string): string => {
  const width = labelSides.width * dotsPerMm;
  const { modules } = code128(number);
  const dots = Math.max(1, Math.min(4, Math.floor(width / (modules + 20))));
  const x = Math.max(0, Math.floor((width - modules * dots) / 2));
  return `^FO${x},800^BY${dots}^BCN,192,N,N,N,A^FD${number}^FS`;
};

/** One label, from `^XA` to `^XZ`. Throws `RangeError` for one that cannot be printed. */
export const labelZpl = (label: Label, words: DocumentWords = englishWords): string => {
  checkLabel(label);
  return [
    "^XA",
    "^CI28",
    `^PW${labelSides.width * dotsPerMm}^LL${labelSides.height * dotsPerMm}^LH0,0`,
    field(40, 48, label.service, { width: inner - zoneWidth, least: 28 }),
    field(40, 48, label.zone, { align: "R", x: margin + inner - zoneWidth, width: zoneWidth, least: 28 }),
    ruler(104),
    ...partyFields(words.from, label.from, { y: 112, height: 24 }),
    ruler(320),
    ...partyFields(words.to, label.to, { y: 328, height: 36 }),
    ruler(640),
    ...noticesOf(label, words).map((notice, at) => field(652 + at * 56, 48, notice, { least: 28 })),
    ruler(776),
    barField(label.trackingNumber),
    field(1000, 34, label.trackingNumber, { align: "C", least: 21 }),
    ruler(1048),
    ...factsOf(label, words).map((fact, at) => field(1060 + at * 40, 28, fact, { least: 20 })),
    "^XZ",
    "",
  ].join("\n");
};
