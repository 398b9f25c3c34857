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

export type Mark = TextMark | BoxMark;

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
export const printLimits = { sheets: 1000, marks: 5000, side: 1189, text: 2000, lines: 100, size: [4, 72] } as const;

const isWithin = (value: number, min: number, max: number): boolean => Number.isFinite(value) && value >= min && value <= max;

const flawOfMark = (mark: Mark, { width, height }: Sheet): string | undefined => {
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
