import { describe, expect, test } from "bun:test";
import { type Mark, printLimits, printPdf, type Sheet } from "./index.ts";

const info = { title: "Test", createdAt: "2026-03-09T10:00:00Z" };
const text: Mark = { kind: "text", x: 10, y: 10, width: 30, text: "Wide Шире", size: 10 };
const sheet = (...marks: readonly Mark[]): Sheet => ({ width: 100, height: 150, marks });

const readerOf = Bun.which("pdftotext");
const textOf = async (pdf: Uint8Array): Promise<string> => {
  const reader = Bun.spawn([readerOf ?? "", "-layout", "-", "-"], { stdin: pdf, stdout: "pipe", stderr: "ignore" });
  return new Response(reader.stdout).text();
};
const pagesOf = (pdf: Uint8Array): number => new TextDecoder("latin1").decode(pdf).match(/\/Type \/Page\b/g)?.length ?? 0;

describe("sheets as PDF", () => {
  test("have the sides they say, and the same bytes each time", async () => {
    const sheets = [sheet(text, { kind: "box", x: 0, y: 0, width: 100, height: 150, stroke: 1, grey: 0.5 }), sheet()];
    const pdf = await printPdf(sheets, info);
    const raw = new TextDecoder("latin1").decode(pdf);
    expect(raw).toStartWith("%PDF-");
    // 100 × 150 mm in points of 1/72 inch.
    expect(raw).toMatch(/\/MediaBox \[0 0 283\.46\d* 425\.19\d*\]/);
    expect(pagesOf(pdf)).toBe(2);
    expect(await printPdf(sheets, info)).toEqual(pdf);
  });

  test("hold shapes in colours, filled and outlined", async () => {
    const points = [
      [10, 10],
      [20, 10],
      [20, 30],
    ] as const;
    const [filled, outlined, plain] = await Promise.all(
      [
        sheet({ kind: "shape", points, fill: "#4e79a7", opacity: 0.5 }),
        sheet({ kind: "shape", points, stroke: 0.5, colour: "#333333", isDashed: true }),
        sheet(),
      ].map((one) => printPdf([one], info)),
    );
    expect(new TextDecoder("latin1").decode(filled)).toContain("/ca 0.5");
    expect(filled?.length).toBeGreaterThan(plain?.length ?? 0);
    expect(outlined?.length).toBeGreaterThan(plain?.length ?? 0);
  });

  // Only where poppler-utils are installed, which read a PDF as text.
  test.skipIf(readerOf === null)(
    "hold a text on its line or lines, cut by an ellipsis; control characters are left out",
    async () => {
      const long = Array.from({ length: 200 }, (_, at) => `word${at}`).join(" ");
      const marks: readonly Mark[] = [
        { ...text, text: long },
        { ...text, y: 30, text: long, lines: 3, align: "center" },
        { ...text, y: 60, text: "left\u0000\u202Emiddle\r\nright", align: "right" },
        // The last line of the sheet does not begin another one.
        { ...text, y: 145, text: "bottom" },
        { ...text, y: 80, text: "\n" },
      ];
      const pdf = await printPdf([sheet(...marks)], info);
      expect(pagesOf(pdf)).toBe(1);
      const words = await textOf(pdf);
      expect(words.match(/word0\b/g)).toHaveLength(2);
      expect(words.match(/…/g)).toHaveLength(2);
      expect(words).not.toContain("word20");
      expect(words).toContain("left middle right");
      expect(words).toContain("bottom");
    },
  );

  const bad: readonly (readonly [what: string, sheets: readonly Sheet[]])[] = [
    ["no sheet", []],
    ["too many sheets", Array.from({ length: printLimits.sheets + 1 }, () => sheet())],
    ["a sheet without sides", [{ width: 0, height: 10, marks: [] }]],
    ["a sheet greater than A0", [{ width: 1190, height: 10, marks: [] }]],
    ["too many marks", [sheet(...Array.from({ length: printLimits.marks + 1 }, () => text))]],
    ["a mark outside", [sheet({ ...text, x: 101 })]],
    ["a mark nowhere", [sheet({ ...text, y: Number.NaN })]],
    ["a mark wider than its sheet", [sheet({ ...text, width: 101 })]],
    ["a text without size", [sheet({ ...text, size: 0 })]],
    ["half a line", [sheet({ ...text, lines: 1.5 })]],
    ["too long a text", [sheet({ ...text, text: "x".repeat(printLimits.text + 1) })]],
    ["a box higher than its sheet", [sheet({ kind: "box", x: 0, y: 0, width: 1, height: 151 })]],
    ["a shape of one point", [sheet({ kind: "shape", points: [[1, 1]], fill: "#000000" })]],
    [
      "a shape that leaves the sheet",
      [
        sheet({
          kind: "shape",
          points: [
            [1, 1],
            [101, 1],
          ],
          stroke: 1,
        }),
      ],
    ],
    [
      "a colour by name",
      [
        sheet({
          kind: "shape",
          points: [
            [1, 1],
            [9, 1],
            [9, 9],
          ],
          fill: "red",
        }),
      ],
    ],
    [
      "an opacity beyond one",
      [
        sheet({
          kind: "shape",
          points: [
            [1, 1],
            [9, 1],
            [9, 9],
          ],
          opacity: 2,
        }),
      ],
    ],
    ["a grey beyond white", [sheet({ kind: "box", x: 0, y: 0, width: 1, height: 1, grey: 2 })]],
  ];
  test.each(bad)("refuse %s", async (_, sheets) => {
    expect(printPdf(sheets, info)).rejects.toThrow(RangeError);
  });

  test("refuse a moment that is none", async () => {
    expect(printPdf([sheet()], { ...info, createdAt: "soon" })).rejects.toThrow(RangeError);
  });
});
