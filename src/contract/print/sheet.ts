/**
 * Sheets of paper as plain data: what stands where. Lengths in mm from the upper left corner, sizes of text in points.
 *
 *   { width: 210, height: 297, marks: [{ kind: "text", x: 20, y: 20, width: 170, text: "Act 17", size: 14, font: "bold" }] }
 */

export interface TextMark {
  readonly kind: "text";
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly text: string;
  /** Points, 4 to 72. */
  readonly size: number;
  readonly font?: "plain" | "bold" | "mono";
  readonly align?: "left" | "center" | "right";
  /** As many lines at most, the last one cut with an ellipsis; absent: one. */
  readonly lines?: number;
}

/** A filled rectangle; with `stroke`, its outline of that width in points. */
export interface BoxMark {
  readonly kind: "box";
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly stroke?: number;
  /** 0 is black, 1 white. */
  readonly grey?: number;
}

/** A closed shape, filled or outlined or both; of two points, a line. Colours are `#rrggbb`; absent: black. */
export interface ShapeMark {
  readonly kind: "shape";
  /** At least two, at most 100. */
  readonly points: readonly (readonly [x: number, y: number])[];
  readonly fill?: string;
  /** Of the fill, 0 to 1; absent: 1. */
  readonly opacity?: number;
  /** Width of the outline in points. */
  readonly stroke?: number;
  readonly colour?: string;
  /** Whether the outline is dashed. */
  readonly isDashed?: boolean;
}

export type Mark = TextMark | BoxMark | ShapeMark;

export interface Sheet {
  readonly width: number;
  readonly height: number;
  readonly marks: readonly Mark[];
}

/** Title, and the moment it was made (RFC 3339): the same give the same bytes. */
export interface PrintInfo {
  readonly title: string;
  readonly createdAt: string;
}

/** Bounds: a sheet is at most A0, a print at most a thousand sheets. */
export const printLimits = { sheets: 1000, marks: 5000, side: 1189, text: 2000, lines: 100, points: 100, size: [4, 72] } as const;

const isWithin = (value: number, min: number, max: number): boolean => Number.isFinite(value) && value >= min && value <= max;

const isColour = (colour: string | undefined): boolean => colour === undefined || /^#[0-9a-f]{6}$/i.test(colour);

const flawOfShape = ({ points, fill, opacity, stroke, colour }: ShapeMark, { width, height }: Sheet): string | undefined => {
  if (points.length < 2 || points.length > printLimits.points) return `a shape has 2 to ${printLimits.points} points`;
  if (points.some(([x, y]) => !isWithin(x, 0, width) || !isWithin(y, 0, height))) return "a mark stands outside of its sheet";
  if (!isColour(fill) || !isColour(colour)) return "a colour is #rrggbb";
  return isWithin(opacity ?? 1, 0, 1) && isWithin(stroke ?? 0, 0, 72)
    ? undefined
    : "opacity is from 0 to 1, and an outline at most 72 points wide";
};

const flawOfMark = (mark: Mark, sheet: Sheet): string | undefined => {
  if (mark.kind === "shape") return flawOfShape(mark, sheet);
  const { width, height } = sheet;
  if (!isWithin(mark.x, 0, width) || !isWithin(mark.y, 0, height)) return "a mark stands outside of its sheet";
  if (!isWithin(mark.width, 0, width)) return "a mark is wider than its sheet";
  if (mark.kind === "box")
    return isWithin(mark.height, 0, height) && isWithin(mark.grey ?? 0, 0, 1) && isWithin(mark.stroke ?? 0, 0, 72)
      ? undefined
      : "a box is higher than its sheet, or its grey is not from 0 to 1";
  if (mark.text.length > printLimits.text) return `a text has more than ${printLimits.text} characters`;
  if (!isWithin(mark.size, printLimits.size[0], printLimits.size[1])) return "a text's size is not from 4 to 72 points";
  const { lines = 1 } = mark;
  return Number.isSafeInteger(lines) && isWithin(lines, 1, printLimits.lines) ? undefined : "lines are whole, 1 to 100";
};

/** Why the sheets cannot be printed; undefined where they can. */
export const flawOfSheets = (sheets: readonly Sheet[]): string | undefined => {
  if (sheets.length === 0 || sheets.length > printLimits.sheets) return `a print has 1 to ${printLimits.sheets} sheets`;
  for (const sheet of sheets) {
    if (!isWithin(sheet.width, 10, printLimits.side) || !isWithin(sheet.height, 10, printLimits.side))
      return `a sheet's sides are 10 to ${printLimits.side} mm`;
    if (sheet.marks.length > printLimits.marks) return `a sheet has at most ${printLimits.marks} marks`;
    for (const mark of sheet.marks) {
      const flaw = flawOfMark(mark, sheet);
      if (flaw !== undefined) return flaw;
    }
  }
  return undefined;
};
