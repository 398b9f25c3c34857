/**
 * Reads a camt.053 (ISO 20022 BankToCustomerStatement, versions 02 to 13) with one statement.
 *
 * Refused before the parser sees it: a document type declaration, so that there are no entities but those of XML. Booked entries count; pending ones and
 * information are left out. An entry with several transactions becomes one line for each, if their amounts add up to it.
 */
import { exponentOf } from "../assets.ts";
import {
  dayOf,
  identifierMax,
  type Imported,
  type ImportedLine,
  linesMax,
  minorOf,
  referenceMax,
  StatementFlaw,
  textOrNull,
} from "./imported.ts";

const namespace = /^urn:iso:std:iso:20022:tech:xsd:camt\.053\.001\.(?:0[2-9]|1[0-3])$/;

/** Elements of the document at most: an entry of ours has fewer than forty. */
const markupMax = 500_000;
const depthMax = 40;

const localName = (name: string): string => name.slice(name.indexOf(":") + 1);

/** An element and the way to it. */
class Element {
  readonly path: string;
  readonly #node: Bun.XML.Node;

  constructor(node: Bun.XML.Node, path: string) {
    this.#node = node;
    this.path = path;
  }

  get name(): string {
    return localName(this.#node.name);
  }

  attribute(name: string): string | undefined {
    return Object.hasOwn(this.#node.attributes, name) ? this.#node.attributes[name] : undefined;
  }

  /** The namespace it declares for itself. */
  get namespace(): string | undefined {
    const { name } = this.#node;
    const colon = name.indexOf(":");
    return this.attribute(colon === -1 ? "xmlns" : `xmlns:${name.slice(0, colon)}`);
  }

  /** Children of a name, in order. */
  all(name: string): Element[] {
    const found: Element[] = [];
    for (const child of this.#node.children) {
      if (typeof child !== "object" || !("name" in child) || localName(child.name) !== name) continue;
      found.push(new Element(child, `${this.path}/${name}${found.length === 0 ? "" : `[${found.length + 1}]`}`));
    }
    return found;
  }

  /** The one child of a name. */
  one(name: string): Element {
    const [first, second] = this.all(name);
    if (first === undefined) throw new StatementFlaw(`${this.path}/${name}`, "is missing");
    if (second !== undefined) throw new StatementFlaw(second.path, "stands twice");
    return first;
  }

  /** The element at the end of a way of first children, if there is one. */
  find(...names: readonly string[]): Element | undefined {
    return names.reduce<Element | undefined>((at, name) => at?.all(name)[0], this);
  }

  get text(): string {
    return this.#node.children
      .filter((child) => typeof child === "string")
      .join("")
      .trim();
  }
}

const parse = (content: string): Element => {
  const text = content.charCodeAt(0) === 0xfeff ? content.slice(1) : content;
  // In a well-formed document this can stand in a comment or a CDATA section too; no statement has need of it there.
  if (/<!DOCTYPE|<!ENTITY/i.test(text))
    throw new StatementFlaw("Document", "has a document type declaration, which is not accepted");
  let markup = 0;
  for (let at = text.indexOf("<"); at !== -1; at = text.indexOf("<", at + 1)) markup++;
  if (markup > markupMax) throw new StatementFlaw("Document", "has too many elements");
  let root: Bun.XML.Node;
  try {
    root = Bun.XML.parse(text, { compact: false });
  } catch (error) {
    throw new StatementFlaw("Document", error instanceof RangeError ? "is nested too deeply" : "is no well-formed XML");
  }
  let level = [root];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > depthMax) throw new StatementFlaw("Document", "is nested too deeply");
    level = level.flatMap(({ children }) =>
      children.filter((child): child is Bun.XML.Node => typeof child === "object" && "name" in child),
    );
  }
  return new Element(root, localName(root.name));
};

/** Sum and direction; what left the account is negative. */
const signed = (
  holder: Element,
  currency: { readonly code: string; readonly exponent: number },
  direction: Element | undefined,
): bigint => {
  const amount = holder.one("Amt");
  const code = amount.attribute("Ccy");
  if (code !== currency.code) throw new StatementFlaw(amount.path, `is in ${code ?? "no currency"}, not in ${currency.code}`);
  const value = minorOf(amount.text, currency.exponent, amount.path);
  if (value < 0n) throw new StatementFlaw(amount.path, "is negative: the direction stands in CdtDbtInd");
  if (direction?.text === "CRDT") return value;
  if (direction?.text === "DBIT") return -value;
  throw new StatementFlaw(`${holder.path}/CdtDbtInd`, "is neither CRDT nor DBIT");
};

const dateIn = (holder: Element | undefined): string | undefined => {
  const date = holder?.find("Dt") ?? holder?.find("DtTm");
  return date === undefined ? undefined : dayOf(date.text, date.path);
};

const statusOf = (entry: Element): string => {
  const status = entry.find("Sts");
  return status?.find("Cd")?.text ?? status?.text ?? "";
};

const identifiersIn = (details: Element | undefined): string[] =>
  ["EndToEndId", "AcctSvcrRef", "TxId", "InstrId"].flatMap((name) => details?.find("Refs", name)?.text ?? []);

const remittanceIn = (details: Element | undefined): string => {
  const remittance = details?.find("RmtInf");
  const structured = remittance?.find("Strd", "CdtrRefInf", "Ref")?.text;
  return [...(remittance?.all("Ustrd") ?? []).map(({ text }) => text), ...(structured === undefined ? [] : [structured])].join(
    " ",
  );
};

const known = (ids: readonly (string | undefined)[]): string[] => [
  ...new Set(ids.flatMap((id) => (id === "NOTPROVIDED" ? [] : (textOrNull(id, identifierMax) ?? [])))),
];

type Unnumbered = Omit<ImportedLine, "position">;

const linesOf = (entry: Element, currency: { readonly code: string; readonly exponent: number }): Unnumbered[] => {
  const direction = entry.one("CdtDbtInd");
  const amount = signed(entry, currency, direction);
  const bookedOn = dateIn(entry.find("BookgDt")) ?? dateIn(entry.find("ValDt"));
  if (bookedOn === undefined) throw new StatementFlaw(`${entry.path}/BookgDt`, "is missing");
  const days = { bookedOn, valueOn: dateIn(entry.find("ValDt")) ?? bookedOn };
  const details = entry.all("NtryDtls").flatMap((each) => each.all("TxDtls"));
  const own = entry.find("AcctSvcrRef")?.text;
  const [first, second] = details;
  if (second !== undefined && details.every((each) => each.find("Amt") !== undefined)) {
    const parts = details.map((each) => signed(each, currency, each.find("CdtDbtInd") ?? direction));
    if (parts.reduce((sum, part) => sum + part, 0n) === amount) {
      return details.map((each, at) => ({
        ...days,
        amount: parts[at] ?? 0n,
        reference: textOrNull(remittanceIn(each), referenceMax),
        ids: known(identifiersIn(each)),
      }));
    }
  }
  const reference = remittanceIn(second === undefined ? first : undefined) || (entry.find("AddtlNtryInf")?.text ?? "");
  return [
    {
      ...days,
      amount,
      reference: textOrNull(reference, referenceMax),
      ids: known([own, ...(second === undefined ? identifiersIn(first) : [])]),
    },
  ];
};

const balanceOf = (
  statement: Element,
  codes: readonly string[],
  currency: { readonly code: string; readonly exponent: number },
): bigint | null => {
  const balances = statement.all("Bal");
  for (const code of codes) {
    const found = balances.find((each) => each.find("Tp", "CdOrPrtry", "Cd")?.text === code);
    if (found !== undefined) return signed(found, currency, found.find("CdtDbtInd"));
  }
  return null;
};

/** The currency: of the account, else of its first balance. */
const currencyOf = (statement: Element): { readonly code: string; readonly exponent: number } => {
  const named = statement.find("Acct", "Ccy");
  const amount = statement.find("Bal", "Amt");
  const code = named?.text ?? amount?.attribute("Ccy") ?? "";
  try {
    return { code, exponent: exponentOf(code) };
  } catch {
    throw new StatementFlaw(named?.path ?? amount?.path ?? `${statement.path}/Acct/Ccy`, "is no currency of ISO 4217");
  }
};

/** Reads the document. Throws `StatementFlaw`. */
export const readCamt053 = (content: string): Imported => {
  const document = parse(content);
  if (document.name !== "Document") throw new StatementFlaw(document.path, "is not Document");
  if (!namespace.test(document.namespace ?? ""))
    throw new StatementFlaw("Document", "is of another message than camt.053.001.02 to 13");
  const message = document.one("BkToCstmrStmt");
  const [statement, second] = message.all("Stmt");
  if (statement === undefined) throw new StatementFlaw(`${message.path}/Stmt`, "is missing");
  if (second !== undefined) throw new StatementFlaw(second.path, "is a second statement: import them one by one");
  const currency = currencyOf(statement);
  const entries = statement.all("Ntry").filter((entry) => statusOf(entry) === "BOOK");
  if (entries.length > linesMax) throw new StatementFlaw(statement.path, `has more than ${linesMax} entries`);
  const lines = entries.flatMap((entry) => linesOf(entry, currency)).map((line, at) => ({ position: at + 1, ...line }));
  if (lines.length > linesMax) throw new StatementFlaw(statement.path, `has more than ${linesMax} transactions`);
  const period = statement.find("FrToDt");
  const day = (name: string): string | undefined => {
    const element = period?.find(name);
    return element === undefined ? undefined : dayOf(element.text, element.path);
  };
  const days = lines.map(({ bookedOn }) => bookedOn).toSorted();
  const created = statement.find("CreDtTm") ?? message.find("GrpHdr", "CreDtTm");
  const fallback = (): string => {
    if (created === undefined) throw new StatementFlaw(`${statement.path}/FrToDt`, "is missing, and there are no entries");
    return dayOf(created.text, created.path);
  };
  const from = day("FrDtTm") ?? days[0] ?? fallback();
  const to = day("ToDtTm") ?? days.at(-1) ?? from;
  if (to < from) throw new StatementFlaw(`${statement.path}/FrToDt`, "ends before it begins");
  const account = statement.find("Acct", "Id", "IBAN") ?? statement.find("Acct", "Id", "Othr", "Id");
  return {
    id: textOrNull(statement.find("Id")?.text, identifierMax),
    account: textOrNull(account?.text, identifierMax),
    currency: currency.code,
    opening: balanceOf(statement, ["OPBD", "PRCD"], currency),
    closing: balanceOf(statement, ["CLBD"], currency),
    from,
    to,
    lines,
  };
};
