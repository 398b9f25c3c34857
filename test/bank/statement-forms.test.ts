/** The forms of a statement: camt.053 against the ISO's schema, MT940 against its characters and lengths, CSV against spreadsheets. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { kinds } from "../../services/bank/outcomes.ts";
import { camt053, xmlText } from "../../services/bank/statements/camt053.ts";
import { csv, textCell } from "../../services/bank/statements/csv.ts";
import { mt940, setX, wrap } from "../../services/bank/statements/mt940.ts";
import type { Entry, Statement } from "../../services/bank/statements/statement.ts";
import { camt053Flaws } from "./camt-schema.ts";
import { entry, statementOf } from "./statement-samples.ts";

const textOf = (made: ReturnType<typeof camt053>): string => {
  if (typeof made !== "string") throw new Error(`not written: ${made.unrepresentable}`);
  return made;
};

/** Any text, with what is dangerous in XML, CSV or MT940 more often than chance would have it. */
const anyText = fc.oneof(
  fc.string({ unit: "binary", maxLength: 140 }),
  fc.string({
    unit: fc.constantFrom(
      "<",
      "&",
      ">",
      "]]>",
      '"',
      ":",
      "-",
      "/",
      "=",
      "\r",
      "\n",
      "\u0000",
      "é",
      "ж",
      "\ud800",
      "😀",
      " ",
      "a",
    ),
    maxLength: 140,
  }),
);

const anyEntry = fc
  .record({
    seq: fc.integer({ min: 1, max: 9_999 }),
    amount: fc.bigInt({ min: -(10n ** 14n), max: 10n ** 14n }).filter((amount) => amount !== 0n),
    kind: fc.constantFrom(...kinds),
    reference: fc.option(anyText),
    reverses: fc.option(fc.constant("trf_01JD3Q8Z5T7N9V1X3B5D7F9H1K")),
  })
  .map(({ seq, amount, ...more }) => entry(seq, amount, more));

const anyStatement = fc.record({
  entries: fc.array(anyEntry, { maxLength: 8 }),
  more: fc.record({
    currency: fc.constantFrom("EUR", "JPY", "KWD", "CLF"),
    opening: fc.bigInt({ min: -(10n ** 14n), max: 10n ** 14n }),
    owner: fc.option(fc.string({ minLength: 1, maxLength: 255 })),
    tellsIbans: fc.boolean(),
    from: fc.constantFrom(null, "2026-11-01"),
    available: fc.option(fc.bigInt({ min: -(10n ** 14n), max: 10n ** 14n })),
  }),
});

const made = ({
  entries,
  more,
}: {
  entries: readonly Entry[];
  more: Partial<Statement> & { readonly currency: string };
}): Statement => statementOf(entries, { ...more, to: more.from === null ? null : "2026-11-30" });

describe("camt.053", () => {
  test("the schema refuses what is wrong: a test that cannot fail proves nothing", () => {
    const whole = textOf(camt053(statementOf([entry(1, 100n)])));
    expect(camt053Flaws(whole)).toEqual([]);
    expect(camt053Flaws(whole.replace("<Cd>BOOK</Cd>", ""))).not.toEqual([]);
    expect(camt053Flaws(whole.replace('Ccy="EUR"', 'Ccy="eur"'))).not.toEqual([]);
    expect(camt053Flaws(whole.replace('<Amt Ccy="EUR">1.00', '<Amt Ccy="EUR">1.000001'))).not.toEqual([]);
    expect(camt053Flaws(whole.replace(/<OPBD>|OPBD/, "OPENING"))).not.toEqual([]);
  });

  test("an empty statement is valid", () => {
    expect(camt053Flaws(textOf(camt053(statementOf([]))))).toEqual([]);
  });

  test.each(kinds)("an entry of kind %s is valid, both ways", (kind) => {
    const statement = statementOf([
      entry(1, 100n, { kind }),
      entry(2, -30n, { kind, reverses: "trf_1", reference: "a <b> & c" }),
    ]);
    expect(camt053Flaws(textOf(camt053(statement)))).toEqual([]);
  });

  test("whatever its texts, exponents and signs are, a statement is valid", () => {
    fc.assert(
      fc.property(anyStatement, (given) => {
        expect(camt053Flaws(textOf(camt053(made(given))))).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });

  test("amounts are decimals of the currency, with their direction", () => {
    const xml = textOf(camt053(statementOf([entry(1, -123_456n)], { currency: "KWD", opening: 5n })));
    expect(xml).toContain('<Amt Ccy="KWD">123.456</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>');
    expect(xml).toContain('<Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy="KWD">0.005</Amt><CdtDbtInd>CRDT</CdtDbtInd>');
    expect(xml).toContain('<Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="KWD">123.451</Amt><CdtDbtInd>DBIT</CdtDbtInd>');
    expect(xml).toContain("<TtlDbtNtries><NbOfNtries>1</NbOfNtries><Sum>123.456</Sum></TtlDbtNtries>");
  });

  test("18 digits are written, more are not", () => {
    const most = 10n ** 18n - 1n;
    expect(camt053Flaws(textOf(camt053(statementOf([entry(1, most)]))))).toEqual([]);
    expect(camt053(statementOf([entry(1, most + 1n)]))).toEqual({ unrepresentable: most + 1n });
    expect(camt053(statementOf([entry(1, most), entry(2, -1n)]))).toEqual({ unrepresentable: most + 1n });
  });

  test("text cannot leave its element", () => {
    expect(xmlText("]]><x/>\u0000\r")).toBe("]]&gt;&lt;x/&gt;\ufffd&#13;");
  });
});

describe("MT940", () => {
  const linesOf = (statement: Statement): string[] => textOf(mt940(statement)).split("\r\n");

  test("as the standard has it", () => {
    const statement = statementOf(
      [
        entry(7, 123_456n, { reference: "Rechnung März/2026" }),
        entry(8, -50n, { kind: "fee" }),
        entry(9, -123_456n, { kind: "reversal", reverses: "trf_7" }),
      ],
      { opening: -100n, available: -200n },
    );
    expect(linesOf(statement)).toEqual([
      ":20:9",
      ":25:MT47PONS000015T7N9V1X3B5D7F9H1K",
      ":28C:26329/1",
      ":60F:D261101EUR1,00",
      ":61:2611261125C1234,56NTRFRechnung Marz/20//7N9V1X3B5D7F0007",
      ":86:/EREF/01JD3Q8Z5T7N9V1X3B5D7F0007/CNTP/MT09PONS000015T7N9V1X3B5D7F",
      "9H2M/REMI/Rechnung Marz/2026",
      ":61:2611261125D0,50NCHGNONREF//7N9V1X3B5D7F0008",
      ":86:/EREF/01JD3Q8Z5T7N9V1X3B5D7F0008/CNTP/MT09PONS000015T7N9V1X3B5D7F",
      "9H2M",
      ":61:2611261125RC1234,56NMSCNONREF//7N9V1X3B5D7F0009",
      ":86:/EREF/01JD3Q8Z5T7N9V1X3B5D7F0009/CNTP/MT09PONS000015T7N9V1X3B5D7F",
      "9H2M",
      ":62F:D261125EUR1,50",
      ":64:D261125EUR2,00",
      "-",
      "",
    ]);
  });

  test("a currency without minor units ends in a comma", () => {
    expect(linesOf(statementOf([entry(1, 500n)], { currency: "JPY" }))).toContain(":62F:C261125JPY500,");
  });

  test("15 characters are written, more are not", () => {
    expect(linesOf(statementOf([entry(1, 99_999_999_999_999n)]))).toContain(":62F:C261125EUR999999999999,99");
    expect(mt940(statementOf([entry(1, 100_000_000_000_000n)]))).toEqual({ unrepresentable: 100_000_000_000_000n });
  });

  const texts: readonly (readonly [text: string, written: string])[] = [
    ["Müller & Söhne", "Muller + Sohne"],
    ["Straße", "Strasse"],
    ["Плащане за ноември", "Plashtane za noemvri"],
    ["Счёт №5", "Schet No5"],
    ["5 € @ home", "5 EUR (at) home"],
    ["a\r\n:62F:C261125EUR1,00", "a :62F:C261125EUR1,00"],
    ["😀\u0000{}", "...."],
  ];
  test.each(texts)("%p is written %p", (text, written) => {
    expect(setX(text)).toBe(written);
  });

  test("no text makes a line that is too long, begins a field, or leaves set X", () => {
    fc.assert(
      fc.property(anyText, fc.constantFrom("EUR", "JPY"), (reference, currency) => {
        const lines = linesOf(statementOf([entry(1, 100n, { reference })], { currency }));
        const tags = lines.filter((line) => line.startsWith(":")).map((line) => line.split(":")[1]);
        expect(tags).toEqual(["20", "25", "28C", "60F", "61", "86", "62F", "64"]);
        expect(lines.filter((line) => line === "-")).toHaveLength(1);
        for (const line of lines) {
          expect(line).toMatch(/^[A-Za-z0-9/\-?:().,'+ ]*$/);
          expect(line.replace(/^:86:/, "").length).toBeLessThanOrEqual(65 + (line.startsWith(":61:") ? 4 : 0));
        }
        const entryLine = lines.find((line) => line.startsWith(":61:")) ?? "";
        expect(entryLine).toMatch(/^:61:\d{6}\d{4}(C|D|RC|RD)\d{1,12},\d{0,2}N[A-Z]{3}[^/ ](.{0,14}[^/])?\/\/.{1,16}$/);
        expect(
          lines.slice(lines.findIndex((line) => line.startsWith(":86:"))).findIndex((line) => line.startsWith(":62F:")),
        ).toBeLessThanOrEqual(6);
      }),
      { numRuns: 500 },
    );
  });

  test("lines are cut before a colon or a dash, not behind", () => {
    expect(wrap(`${"a".repeat(65)}:b`)).toEqual(["a".repeat(64), "a:b"]);
    expect(wrap("x".repeat(500))).toHaveLength(6);
  });
});

describe("CSV", () => {
  test("a line per entry", () => {
    const text = csv(statementOf([entry(1, 123_456n, { reference: 'He said "hi", twice' }), entry(2, -5n)]));
    expect(text.split("\r\n")).toEqual([
      "seq,bookedAt,valueAt,amount,currency,balance,counterparty,kind,reference,transfer,reverses",
      expect.stringContaining("1,2026-11-25T09:30:00.000Z,2026-11-26T00:00:00.000Z,1234.56,EUR,1234.56,MT"),
      expect.stringContaining("2,2026-11-25T09:30:00.000Z,2026-11-26T00:00:00.000Z,-0.05,EUR,1234.51,MT"),
      "",
    ]);
    expect(text).toContain(',payment,"He said ""hi"", twice",trf_');
  });

  test.each(["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "'x"])("a spreadsheet does not run %p", (text) => {
    expect(textCell(text).replace(/^"/, "")).toStartWith("'");
  });
});
