/**
 * Statements as ISO 20022 camt.053.001.08 (BankToCustomerStatementV08).
 *
 * Amounts are in major units. The schema allows 18 digits; a statement with a longer amount is not written. Text is cut to the lengths of the schema, and
 * characters that XML cannot hold are replaced.
 */
import { major } from "../assets.ts";
import { daysOf, type Entry, numberOf, type Statement, turnoverOf, type Turnover, type Unrepresentable } from "./statement.ts";

const namespace = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08";

/** First amount, in minor units, with more digits than `totalDigits` of the schema. */
const amountEnd = 10n ** 18n;

/** What XML 1.0 cannot hold, even escaped. */
const impossible = /[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu;
const escapes: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;" };

/** Text as the content of an element. */
export const xmlText = (text: string): string =>
  text
    .toWellFormed()
    .replace(impossible, "\ufffd")
    .replace(/[&<>\r]/g, (character) => escapes[character] ?? "");

/** At most so many characters. */
const cut = (text: string, lengthMax: number): string => [...text].slice(0, lengthMax).join("");

/** An element around text. */
const leaf = (name: string, text: string): string => `<${name}>${xmlText(text)}</${name}>`;

/** An element around elements. */
const node = (name: string, ...children: readonly string[]): string => `<${name}>${children.join("")}</${name}>`;

const magnitude = (amount: bigint): bigint => (amount < 0n ? -amount : amount);

const amountOf = (amount: bigint, currency: string): string =>
  `<Amt Ccy="${currency}">${major(magnitude(amount), currency)}</Amt>`;

const indicator = (amount: bigint): string => leaf("CdtDbtInd", amount < 0n ? "DBIT" : "CRDT");

const accountId = (id: string, statement: Statement): string => {
  const number = numberOf(id, statement);
  return node("Id", "iban" in number ? leaf("IBAN", number.iban) : node("Othr", leaf("Id", number.id)));
};

/** Kind → domain, family and sub-family (ISO 20022 external code sets), for money that comes and money that goes. */
const codes: Readonly<Partial<Record<Entry["kind"], readonly [credit: string, debit: string]>>> = {
  payment: ["PMNT RCDT BOOK", "PMNT ICDT BOOK"],
  payout: ["PMNT RCDT BOOK", "PMNT ICDT BOOK"],
  deposit: ["PMNT CNTR CDPT", "PMNT CNTR CWDL"],
  withdrawal: ["PMNT CNTR CDPT", "PMNT CNTR CWDL"],
  fee: ["ACMT MCOP CHRG", "ACMT MDOP CHRG"],
  interest: ["ACMT MCOP INTR", "ACMT MDOP INTR"],
  fx: ["FORX SPOT OTHR", "FORX SPOT OTHR"],
};
const otherCodes = ["ACMT MCOP OTHR", "ACMT MDOP OTHR"] as const;

const transactionCode = ({ kind, amount }: Entry): string => {
  const [domain = "", family = "", sub = ""] = ((codes[kind] ?? otherCodes)[amount < 0n ? 1 : 0] ?? "").split(" ");
  return node(
    "BkTxCd",
    node("Domn", leaf("Cd", domain), node("Fmly", leaf("Cd", family), leaf("SubFmlyCd", sub))),
    node("Prtry", leaf("Cd", kind), leaf("Issr", "PONS")),
  );
};

const entryXml = (entry: Entry, statement: Statement): string => {
  const { amount, reference } = entry;
  const { currency } = statement.account;
  const side = amount < 0n ? "CdtrAcct" : "DbtrAcct";
  return node(
    "Ntry",
    leaf("NtryRef", String(entry.seq)),
    amountOf(amount, currency),
    indicator(amount),
    ...(entry.reverses === null ? [] : [leaf("RvslInd", "true")]),
    node("Sts", leaf("Cd", "BOOK")),
    node("BookgDt", leaf("DtTm", entry.bookedAt)),
    node("ValDt", leaf("DtTm", entry.valueAt)),
    leaf("AcctSvcrRef", entry.transfer),
    transactionCode(entry),
    node(
      "NtryDtls",
      node(
        "TxDtls",
        node("Refs", leaf("AcctSvcrRef", entry.transfer), leaf("EndToEndId", entry.transfer)),
        amountOf(amount, currency),
        indicator(amount),
        node("RltdPties", node(side, accountId(entry.counterparty, statement))),
        ...(reference === null || reference === "" ? [] : [node("RmtInf", leaf("Ustrd", cut(reference, 140)))]),
      ),
    ),
  );
};

const balanceXml = (
  code: string,
  amount: bigint,
  { currency, day }: { readonly currency: string; readonly day: string },
): string =>
  node(
    "Bal",
    node("Tp", node("CdOrPrtry", leaf("Cd", code))),
    amountOf(amount, currency),
    indicator(amount),
    node("Dt", leaf("Dt", day)),
  );

const summaryXml = ({ entries, account: { currency } }: Statement): string => {
  const { credits, debits } = turnoverOf(entries);
  const counted = ({ count, sum }: Turnover): string => leaf("NbOfNtries", String(count)) + leaf("Sum", major(sum, currency));
  const net = credits.sum - debits.sum;
  return node(
    "TxsSummry",
    node(
      "TtlNtries",
      counted({ count: entries.length, sum: credits.sum + debits.sum }),
      node("TtlNetNtry", leaf("Amt", major(magnitude(net), currency)), indicator(net)),
    ),
    node("TtlCdtNtries", counted(credits)),
    node("TtlDbtNtries", counted(debits)),
  );
};

/** The greatest number that would stand in the document, without its sign. */
const greatestOf = ({ opening, closing, available, entries }: Statement): bigint => {
  const { credits, debits } = turnoverOf(entries);
  return [opening, closing, available ?? 0n, ...entries.map(({ amount }) => amount), credits.sum + debits.sum]
    .map(magnitude)
    .reduce((greatest, amount) => (amount > greatest ? amount : greatest));
};

/** The statement as an XML document. */
export const camt053 = (statement: Statement): string | Unrepresentable => {
  const { account, owner, createdAt, fromSeq, toSeq, from, to, opening, closing, available } = statement;
  const greatest = greatestOf(statement);
  if (greatest >= amountEnd) return { unrepresentable: greatest };
  const days = daysOf(statement);
  const { currency } = account;
  const closingTerms = { currency, day: days.closing };
  const body = node(
    "BkToCstmrStmt",
    node("GrpHdr", leaf("MsgId", `PONS${createdAt.replace(/\D/g, "")}${account.id.slice(-14)}`), leaf("CreDtTm", createdAt)),
    node(
      "Stmt",
      leaf("Id", `${fromSeq}-${toSeq}`),
      node("RptgSeq", node("FrToSeq", leaf("FrSeq", String(fromSeq)), leaf("ToSeq", String(toSeq)))),
      leaf("CreDtTm", createdAt),
      ...(from === null || to === null
        ? []
        : [node("FrToDt", leaf("FrDtTm", `${from}T00:00:00Z`), leaf("ToDtTm", `${to}T23:59:59.999Z`))]),
      node(
        "Acct",
        accountId(account.id, statement),
        leaf("Ccy", currency),
        leaf("Nm", cut(account.name, 70)),
        ...(owner === null ? [] : [node("Ownr", leaf("Nm", cut(owner, 140)))]),
        node("Svcr", node("FinInstnId", leaf("Nm", "Pons"))),
      ),
      balanceXml("OPBD", opening, { currency, day: days.opening }),
      balanceXml("CLBD", closing, closingTerms),
      ...(available === null ? [] : [balanceXml("CLAV", available, closingTerms)]),
      summaryXml(statement),
      ...statement.entries.map((entry) => entryXml(entry, statement)),
    ),
  );
  return `<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="${namespace}">${body}</Document>\n`;
};
