import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { BoxMark } from "pons";
import { type Act, actPdf, actRowsMax, type Label, labelsPdf, labelZpl } from "./index.ts";
import { labelSheet } from "./label.ts";
import { amountText, englishWords, sidesText, weightText } from "./wording.ts";

const createdAt = "2026-03-09T10:00:00Z";

const label: Label = {
  trackingNumber: "RR123456785XX",
  orderNumber: "S-0001",
  service: "Courier",
  zone: "z1",
  from: { name: "Lantern & Co.", address: ["Dock 7", "10100 Alderburg"], phone: "+12025550100" },
  to: { name: "Дарья Эльмин", address: ["Улица Часовая, 12", "Tidewick", "45011"] },
  parcel: 1,
  parcels: 2,
  weight: 9020,
  length: 6080,
  width: 4081,
  height: 4080,
  currency: "EUR",
  cashOnDelivery: 45_990,
  isFragile: true,
  date: "2026-03-09",
};

const act = (count: number): Act => ({
  number: "R-17",
  date: "2026-03-09",
  from: label.from,
  to: { name: "Courier house", address: ["Alderburg"] },
  currency: "EUR",
  rows: Array.from({ length: count }, (_, at) => ({
    trackingNumber: `RR${String(at + 1).padStart(9, "0")}XX`,
    orderNumber: `S-${at + 1}`,
    recipient: "Фёдор Холмский",
    parcels: 2,
    weight: 1500,
    declaredValue: 10_005,
    cashOnDelivery: at % 2 === 0 ? 0 : 999,
  })),
});

const hasPdftotext = Bun.which("pdftotext") !== null;

const textOf = async (pdf: Uint8Array): Promise<string> => {
  const reader = Bun.spawn(["pdftotext", "-layout", "-", "-"], { stdin: pdf, stdout: "pipe", stderr: "ignore" });
  return (await new Response(reader.stdout).text()).replaceAll(/[ \t]+/g, " ");
};

const startOf = (pdf: Uint8Array): string => new TextDecoder().decode(pdf.slice(0, 5));
const pagesOf = (pdf: Uint8Array): number => new TextDecoder("latin1").decode(pdf).match(/\/Type \/Page\b/g)?.length ?? 0;

describe("wording", () => {
  test("amounts, weights, sides", () => {
    expect([amountText(45_990, "EUR"), amountText(-5, "EUR"), amountText(7, "JPY"), amountText(1n, "KWD")]).toEqual([
      "459.90 EUR",
      "-0.05 EUR",
      "7 JPY",
      "0.001 KWD",
    ]);
    expect(() => amountText(1, "XYZ")).toThrow(RangeError);
    expect([weightText(9020), weightText(5)]).toEqual(["9.020 kg", "0.005 kg"]);
    expect(sidesText(label)).toBe("608 × 409 × 408 mm");
  });
});

describe("a label as PDF", () => {
  test("is one sheet a label, the same bytes for the same data", async () => {
    const labels = [label, { ...label, parcel: 2 }];
    const pdf = await labelsPdf(labels, { createdAt });
    expect([startOf(pdf), pagesOf(pdf)]).toEqual(["%PDF-", 2]);
    expect(await labelsPdf(labels, { createdAt })).toEqual(pdf);
    expect(await labelsPdf(labels, { createdAt: "2026-03-09T10:00:01Z" })).not.toEqual(pdf);
  });

  // Only where poppler-utils are installed, which read a PDF as text.
  test.skipIf(!hasPdftotext)("says all of it, Cyrillic too", async () => {
    const text = await textOf(await labelsPdf([label], { createdAt }));
    for (const part of [
      "Courier",
      "z1",
      "Lantern & Co.",
      "Дарья Эльмин",
      "Улица Часовая, 12",
      "COLLECT 459.90 EUR",
      "FRAGILE",
      "RR123456785XX",
      "Order: S-0001 2026-03-09",
      "Parcel: 1 of 2 Weight: 9.020 kg",
      "Sides: 608 × 409 × 408 mm",
    ])
      expect(text).toContain(part);
    const plain = await textOf(await labelsPdf([{ ...label, cashOnDelivery: 0, isFragile: false }], { createdAt }));
    expect(plain).not.toContain("COLLECT");
    expect(plain).not.toContain("FRAGILE");
  });

  test("no bar leaves the sheet, however long the number; bars are as wide as the number's symbols", () => {
    for (const trackingNumber of ["1234", "RR123456785XX", "Z".repeat(60)]) {
      const { marks, width } = labelSheet({ ...label, trackingNumber });
      const bars = marks.filter((mark): mark is BoxMark => mark.kind === "box" && mark.height === 24);
      expect(bars.length).toBeGreaterThan(15);
      for (const bar of bars) expect(bar.x >= 0 && bar.x + bar.width <= width).toBeTrue();
    }
  });

  const bad: readonly (readonly [string, Partial<Label>])[] = [
    ["a number with other characters", { trackingNumber: "RR^XZ" }],
    ["a short number", { trackingNumber: "123" }],
    ["a long number", { trackingNumber: "1".repeat(61) }],
    ["a parcel beyond the last", { parcel: 3 }],
    ["a parcel of none", { parcel: 0 }],
    ["too many lines of address", { to: { name: "A", address: ["1", "2", "3", "4", "5"] } }],
    ["an unknown currency", { currency: "EURO" }],
  ];
  test.each(bad)("%s is refused, as PDF and as ZPL", (_, change) => {
    expect(() => labelZpl({ ...label, ...change })).toThrow(RangeError);
    expect(() => labelSheet({ ...label, ...change })).toThrow(RangeError);
  });

  test("no label is refused", () => {
    expect(labelsPdf([], { createdAt })).rejects.toThrow(RangeError);
  });
});

/** The commands of a ZPL text, with what follows them: `["^FO40,40", …]`. */
const commandsOf = (zpl: string): readonly string[] => zpl.match(/[~^][^~^\n]*/g) ?? [];
const namesOf = (zpl: string): readonly string[] => commandsOf(zpl).map((command) => command.slice(0, 3));
/** Data of fields, as a printer reads them with `^FH_`. */
const dataOf = (zpl: string): readonly string[] =>
  commandsOf(zpl)
    .filter((command) => command.startsWith("^FD"))
    .map((command) =>
      command.slice(3).replaceAll(/_([0-9A-F]{2})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16))),
    );

describe("a label as ZPL", () => {
  test("is UTF-8 and holds all of it", () => {
    const zpl = labelZpl(label);
    expect(zpl).toStartWith("^XA\n^CI28\n^PW800^LL1200");
    expect(zpl).toEndWith("^XZ\n");
    expect(dataOf(zpl)).toEqual([
      "Courier",
      "z1",
      "From",
      "Lantern & Co.",
      "Dock 7",
      "10100 Alderburg",
      "+12025550100",
      "To",
      "Дарья Эльмин",
      "Улица Часовая, 12",
      "Tidewick",
      "45011",
      "COLLECT 459.90 EUR",
      "FRAGILE",
      "RR123456785XX",
      "RR123456785XX",
      "Order: S-0001   2026-03-09",
      "Parcel: 1 of 2   Weight: 9.020 kg",
      "Sides: 608 × 409 × 408 mm",
    ]);
    expect(zpl).toContain("^BCN,192,N,N,N,A^FDRR123456785XX^FS");
  });

  test("carets, tildes, underscores, backslashes and line breaks stay text", () => {
    const zpl = labelZpl({ ...label, to: { name: "A^XZ~JA_5E", address: ["a\\&b", "c\r\n^FS", "\u0000d\u2028"] } });
    expect(zpl).toContain("^FDA_5EXZ_7EJA_5F5E^FS");
    expect(dataOf(zpl).slice(8, 12)).toEqual(["A^XZ~JA_5E", "a/&b", "c ^FS", "d"]);
  });

  test("no text makes or ends a command, whatever it is", () => {
    const expected = namesOf(labelZpl(label));
    const hostile = fc.string({ unit: fc.constantFrom(..."^~_\\XZFSDJA5E\n\r\u0000é", "^XZ", "~JR", "_5E"), maxLength: 60 });
    fc.assert(
      fc.property(hostile, hostile, hostile, (name, line, order) => {
        const zpl = labelZpl({ ...label, service: name, orderNumber: order, to: { name, address: [line, line, line] } });
        expect(namesOf(zpl)).toEqual(expected);
      }),
    );
  });

  test("what is long is printed smaller before it is cut, and nothing runs into another field", () => {
    const trackingNumber = "Z".repeat(60);
    const long = { ...label, trackingNumber, service: "Express within two hours", zone: "far-north-2" };
    const zpl = labelZpl({ ...long, to: { name: "x".repeat(58), address: ["y".repeat(64)] } });
    const data = dataOf(zpl);
    for (const part of [trackingNumber, "x".repeat(58), "y".repeat(64), long.service, long.zone]) expect(data).toContain(part);
    const fields = [...zpl.matchAll(/\^FO(\d+),(\d+)\^A0N,(\d+),\d+\^FB(\d+),1,0,[LCR],0\^FH_\^FD(.*)\^FS/g)];
    const ends = fields.map(([, x, y, height, width]) => ({ y, left: Number(x), right: Number(x) + Number(width), height }));
    for (const [at, one] of ends.entries()) {
      expect(one.right).toBeLessThanOrEqual(760);
      for (const other of ends.slice(at + 1))
        if (one.y === other.y) expect(one.right <= other.left || other.right <= one.left).toBeTrue();
    }
  });

  test("what is longer than a line is cut, since a printer would write it over itself", () => {
    const cut = dataOf(labelZpl({ ...label, service: "x".repeat(500) }))[0] ?? "";
    expect(cut).toEndWith("x…");
    expect(cut.length).toBeLessThan(40);
  });
});

describe("a hand-over act", () => {
  test("is as many sheets as its rows need, the same bytes for the same data", async () => {
    const pdf = await actPdf(act(36), { createdAt });
    expect([startOf(pdf), pagesOf(pdf)]).toEqual(["%PDF-", 2]);
    expect(await actPdf(act(36), { createdAt })).toEqual(pdf);
    expect(pagesOf(await actPdf(act(35), { createdAt }))).toBe(1);
  });

  // Only where poppler-utils are installed, which read a PDF as text.
  test.skipIf(!hasPdftotext)("has every row, the totals and places to sign", async () => {
    const text = await textOf(await actPdf(act(36), { createdAt }));
    expect(text).toContain("Hand-over act R-17");
    expect(text).toContain("Handed over by: Lantern & Co., Dock 7, 10100 Alderburg, +12025550100");
    for (let at = 1; at <= 36; at++)
      expect(text).toContain(`${at} RR${String(at).padStart(9, "0")}XX S-${at} Фёдор Холмский 2 1.500 kg 100.05 EUR`);
    // 36 × 1.5 kg, 36 × 100.05, 18 × 9.99.
    expect(text).toContain("36 Total 72 54.000 kg 3601.80 EUR 179.82 EUR");
    for (const part of ["Page 1 / 2", "Page 2 / 2", "Signature, name, date"]) expect(text).toContain(part);
    const words = { ...englishWords, actTitle: "Акт приёма-передачи" };
    expect(await textOf(await actPdf(act(1), { createdAt, words }))).toContain("Акт приёма-передачи R-17");
  });

  test("of no row, or of more than the bound, is refused", () => {
    for (const count of [0, actRowsMax + 1]) expect(() => actPdf(act(count), { createdAt })).toThrow(RangeError);
  });
});
