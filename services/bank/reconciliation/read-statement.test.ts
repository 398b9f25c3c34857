/** Readers of statements: what they take, and what they refuse, with its place. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Imported } from "./imported.ts";
import { imbalanceOf, readStatement } from "./read-statement.ts";

const csv = (content: string, currency = "EUR") => readStatement(content, { format: "csv", currency });
const camt = (content: string) => readStatement(content, { format: "camt.053", currency: "EUR" });
const statementOf = (read: ReturnType<typeof csv>): Imported => {
  if (!read.ok) throw new Error(`${read.place} ${read.reason}`);
  return read.statement;
};
const flawOf = (read: ReturnType<typeof csv>): string => (read.ok ? "none" : `${read.place} ${read.reason}`);

describe("CSV", () => {
  test("columns in any order and case, by comma or semicolon, with or without a byte order mark", () => {
    const lines = [
      {
        position: 1,
        amount: -123_450n,
        bookedOn: "2026-11-02",
        valueOn: "2026-11-03",
        reference: 'Rent, "November"',
        ids: ["E-1"],
      },
    ];
    const head = "endToEndId,Date,valueDate,AMOUNT,reference,other";
    const body = '"E-1",2026-11-02,2026-11-03T10:00:00+02:00,-1234.5,"Rent, ""November""",x';
    for (const text of [`${head}\r\n${body}\r\n`, `\ufeff${head}\n${body}`, `${head}\n${body}\n\n`])
      expect(statementOf(csv(text)).lines).toEqual(lines);
    expect(statementOf(csv('date;amount;reference\n2026-11-02;1.00;"a\nb"\n')).lines[0]).toMatchObject({
      amount: 100n,
      reference: "a\nb",
    });
  });

  test("a running balance tells opening and closing", () => {
    const { opening, closing, from, to } = statementOf(csv("date,amount,balance\n2026-11-02,1.00,5.00\n2026-11-05,-2.00,3.00\n"));
    expect({ opening, closing, from, to }).toEqual({ opening: 400n, closing: 300n, from: "2026-11-02", to: "2026-11-05" });
    expect(imbalanceOf(statementOf(csv("date,amount,balance\n2026-11-02,1.00,5.00\n2026-11-05,-2.00,3.01\n")))).toBe(300n);
  });

  test("what was led by an apostrophe for spreadsheets is as it was", () => {
    const { lines } = statementOf(csv("date,amount,reference\n2026-11-02,1,'=1+1\n2026-11-02,1,''quoted\n2026-11-02,1,'tis\n"));
    expect(lines.map(({ reference }) => reference)).toEqual(["=1+1", "'quoted", "'tis"]);
  });

  const exponents: readonly (readonly [currency: string, text: string, minor: bigint])[] = [
    ["JPY", "1250", 1_250n],
    ["JPY", "1250.00", 1_250n],
    ["KWD", "1.234", 1_234n],
    ["CLF", "-0.0001", -1n],
    ["EUR", "+7", 700n],
    ["EUR", "92233720368547758.07", 9_223_372_036_854_775_807n],
  ];
  test.each(exponents)("%s %s is %p minor units", (currency, text, minor) => {
    expect(statementOf(csv(`date,amount\n2026-11-02,${text}\n`, currency)).lines[0]?.amount).toBe(minor);
  });

  const flaws: readonly (readonly [text: string, flaw: string])[] = [
    ["", "line 1 is missing: it names the columns"],
    ["date,amount\n", "line 2 is missing: there are no bookings"],
    ["date,sum\n2026-11-02,1\n", "line 1 names no column `amount`"],
    ["amount\n1\n", "line 1 names no column with a date"],
    ["date,amount,Amount\n", "line 1 names a column twice"],
    ["date,amount\n2026-11-02\n", "line 2 has 1 cells, not 2"],
    ["date,amount\n2026-11-02,1\n2026-02-30,1\n", "line 3, date is no date"],
    ["date,amount\n1.11.2026,1\n", "line 2, date is no date"],
    ["date,amount\n9999-01-01,1\n", "line 2, date is no date"],
    ["date,amount\n2026-11-02,1e3\n", "line 2, amount is no decimal number"],
    ["date,amount\n2026-11-02,NaN\n", "line 2, amount is no decimal number"],
    ["date,amount\n2026-11-02,\n", "line 2, amount is no decimal number"],
    ["date,amount\n2026-11-02,1.005\n", "line 2, amount has more than 2 decimals"],
    ["date,amount\n2026-11-02,92233720368547758.08\n", "line 2, amount is too large"],
    ['date,amount\n2026-11-02,"1,50"\n', "line 2, amount is no decimal number"],
    ["date,amount,currency\n2026-11-02,1,USD\n", "line 2 is in USD, not in EUR"],
    ['date,amount\n2026-11-02,"1\n', "line 2 has a quote that is never closed"],
    ['date,amount\n2026-11-02,"1"5\n', "line 2 has text behind a closing quote"],
    ['date,amount\n2026-11-02,1"5"\n', "line 2 has a quote inside a cell"],
    [`date,amount\n${"2026-11-02,1\n".repeat(2_001)}`, "line 2002 is behind the first 2000 bookings"],
    [`${"a,".repeat(70)}\n`, "line 1 has more than 64 columns"],
  ];
  test.each(flaws)("%#: refused with its line", (text, flaw) => {
    expect(flawOf(csv(text))).toBe(flaw);
  });

  test("a line number counts the lines within quotes", () => {
    expect(flawOf(csv('date,amount,reference\n2026-11-02,1,"a\nb\nc"\n2026-11-02,x,d\n'))).toBe(
      "line 5, amount is no decimal number",
    );
  });
});

const namespace = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08";
const entryXml = (inner = "", amount = "1.50", direction = "CRDT") =>
  `<Ntry><Amt Ccy="EUR">${amount}</Amt><CdtDbtInd>${direction}</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>2026-11-02</Dt></BookgDt><ValDt><DtTm>2026-11-03T00:00:00Z</DtTm></ValDt>${inner}</Ntry>`;
const balanceXml = (code: string, amount: string) =>
  `<Bal><Tp><CdOrPrtry><Cd>${code}</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">${amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-11-02</Dt></Dt></Bal>`;
const statementXml = (entries: string, more = "") =>
  `<Stmt><Id>S1</Id><CreDtTm>2026-11-04T00:00:00Z</CreDtTm><Acct><Id><IBAN>MT47PONS000015T7N9V1X3B5D7F9H1K</IBAN></Id><Ccy>EUR</Ccy></Acct>${more}${entries}</Stmt>`;
const documentXml = (statements: string, of = namespace) =>
  `<?xml version="1.0" encoding="UTF-8"?><Document xmlns="${of}"><BkToCstmrStmt><GrpHdr/>${statements}</BkToCstmrStmt></Document>`;

describe("camt.053", () => {
  test("entries with their identifiers and references", () => {
    const details =
      "<AcctSvcrRef>B-1</AcctSvcrRef><NtryDtls><TxDtls><Refs><EndToEndId>E-1</EndToEndId><TxId>NOTPROVIDED</TxId></Refs><RmtInf><Ustrd>Rent</Ustrd><Ustrd>November</Ustrd></RmtInf></TxDtls></NtryDtls>";
    const xml = documentXml(
      statementXml(entryXml(details) + entryXml("", "0.50", "DBIT"), balanceXml("OPBD", "1.00") + balanceXml("CLBD", "2.00")),
    );
    const read = statementOf(camt(xml));
    expect(read).toEqual({
      id: "S1",
      account: "MT47PONS000015T7N9V1X3B5D7F9H1K",
      currency: "EUR",
      opening: 100n,
      closing: 200n,
      from: "2026-11-02",
      to: "2026-11-02",
      lines: [
        {
          position: 1,
          amount: 150n,
          bookedOn: "2026-11-02",
          valueOn: "2026-11-03",
          reference: "Rent November",
          ids: ["B-1", "E-1"],
        },
        { position: 2, amount: -50n, bookedOn: "2026-11-02", valueOn: "2026-11-03", reference: null, ids: [] },
      ],
    });
    expect(imbalanceOf(read)).toBeUndefined();
  });

  test("older versions, prefixes, and a status that is plain text", () => {
    const old = documentXml(
      statementXml(entryXml().replace("<Sts><Cd>BOOK</Cd></Sts>", "<Sts>BOOK</Sts>")),
      namespace.replace("08", "02"),
    );
    expect(statementOf(camt(old)).lines).toHaveLength(1);
    const prefixed = documentXml(statementXml(entryXml()))
      .replaceAll(/<(\/?)(?=[A-Z])/g, "<$1c:")
      .replace("xmlns=", "xmlns:c=");
    expect(statementOf(camt(prefixed)).lines).toHaveLength(1);
  });

  test("what is pending does not count", () => {
    const pending = entryXml().replace("BOOK", "PDNG");
    expect(statementOf(camt(documentXml(statementXml(pending + entryXml())))).lines).toHaveLength(1);
  });

  test("an entry of several transactions is a line for each, if they add up to it", () => {
    const part = (amount: string, id: string) =>
      `<TxDtls><Refs><EndToEndId>${id}</EndToEndId></Refs><Amt Ccy="EUR">${amount}</Amt></TxDtls>`;
    const batch = (second: string) =>
      documentXml(statementXml(entryXml(`<NtryDtls>${part("1.00", "a")}${part(second, "b")}</NtryDtls>`)));
    expect(statementOf(camt(batch("0.50"))).lines.map(({ position, amount, ids }) => [position, amount, ids])).toEqual([
      [1, 100n, ["a"]],
      [2, 50n, ["b"]],
    ]);
    expect(statementOf(camt(batch("0.49"))).lines.map(({ amount, ids }) => [amount, ids])).toEqual([[150n, []]]);
  });

  const bomb = `<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>`;
  const whole = documentXml(statementXml(entryXml()));
  const flaws: readonly (readonly [name: string, xml: string, flaw: string])[] = [
    [
      "a document type",
      whole.replace("<Document", `${bomb}<Document`),
      "Document has a document type declaration, which is not accepted",
    ],
    [
      "an external entity",
      whole.replace("<Document", '<!doctype d SYSTEM "file:///etc/passwd"><Document'),
      "Document has a document type declaration, which is not accepted",
    ],
    ["no XML", "date,amount", "Document is no well-formed XML"],
    ["nothing", "", "Document is no well-formed XML"],
    ["XML that is cut off", whole.slice(0, -20), "Document is no well-formed XML"],
    ["another root", "<a/>", "a is not Document"],
    [
      "another message",
      whole.replace("camt.053.001.08", "camt.054.001.08"),
      "Document is of another message than camt.053.001.02 to 13",
    ],
    ["no namespace", whole.replace(/ xmlns="[^"]*"/, ""), "Document is of another message than camt.053.001.02 to 13"],
    ["no statement", documentXml(""), "Document/BkToCstmrStmt/Stmt is missing"],
    [
      "two statements",
      documentXml(statementXml("") + statementXml("")),
      "Document/BkToCstmrStmt/Stmt[2] is a second statement: import them one by one",
    ],
    [
      "another currency",
      whole.replace('<Amt Ccy="EUR">', '<Amt Ccy="USD">'),
      "Document/BkToCstmrStmt/Stmt/Ntry/Amt is in USD, not in EUR",
    ],
    [
      "an unknown currency",
      whole.replace("<Ccy>EUR", "<Ccy>XXQ"),
      "Document/BkToCstmrStmt/Stmt/Acct/Ccy is no currency of ISO 4217",
    ],
    [
      "a negative amount",
      documentXml(statementXml(entryXml("", "-1.00"))),
      "Document/BkToCstmrStmt/Stmt/Ntry/Amt is negative: the direction stands in CdtDbtInd",
    ],
    [
      "too many decimals, in the third entry",
      documentXml(statementXml(entryXml() + entryXml() + entryXml("", "1.001"))),
      "Document/BkToCstmrStmt/Stmt/Ntry[3]/Amt has more than 2 decimals",
    ],
    [
      "no direction",
      documentXml(statementXml(entryXml("", "1.00", "BOTH"))),
      "Document/BkToCstmrStmt/Stmt/Ntry/CdtDbtInd is neither CRDT nor DBIT",
    ],
    [
      "two amounts",
      whole.replace("<CdtDbtInd>", '<Amt Ccy="EUR">1.00</Amt><CdtDbtInd>'),
      "Document/BkToCstmrStmt/Stmt/Ntry/Amt[2] stands twice",
    ],
    ["no such day", whole.replace("2026-11-02", "2026-11-31"), "Document/BkToCstmrStmt/Stmt/Ntry/BookgDt/Dt is no date"],
    [
      "too many entries",
      documentXml(statementXml(entryXml().repeat(2_001))),
      "Document/BkToCstmrStmt/Stmt has more than 2000 entries",
    ],
    ["too deep", documentXml(statementXml(`${"<A>".repeat(60)}${"</A>".repeat(60)}`)), "Document is nested too deeply"],
    [
      "far too deep",
      documentXml(statementXml(`${"<A>".repeat(100_000)}${"</A>".repeat(100_000)}`)),
      "Document is nested too deeply",
    ],
    ["too much markup", `<a>${"<b/>".repeat(500_001)}</a>`, "Document has too many elements"],
  ];
  test.each(flaws)("refused with its place: %s", (_, xml, flaw) => {
    expect(flawOf(camt(xml))).toBe(flaw);
  });
});

test("whatever is sent is read or refused, never more", () => {
  const part = fc.constantFrom(
    "<",
    ">",
    "</",
    "Document",
    "Stmt",
    "Ntry",
    "Amt",
    '"',
    ",",
    ";",
    "\n",
    "date",
    "amount",
    "1",
    "-",
    "2026-11-02",
    "&",
    "]]>",
    "<![CDATA[",
    "<!--",
    "\u0000",
    "é",
  );
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.array(part, { maxLength: 40 }).map((parts) => parts.join("")),
  );
  fc.assert(
    fc.property(text, (content) => {
      for (const read of [csv(content), camt(content)]) if (!read.ok) expect(read.place).not.toBe("");
    }),
    { numRuns: 2_000 },
  );
});
