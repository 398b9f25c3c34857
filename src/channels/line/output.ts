/**
 * Answers as lines. Every answer ends with one line that begins with Status or Error; rows of a list go before it, one a line.
 *
 *   Status:ok,@Tag:7,Id:acc_01J…,Name:Savings,Tags:a,Tags:b,Note:
 *   Row:1,@Tag:8,Id:acc_01J…,Name:Savings
 *   Status:ok,@Tag:8,@Rows:1,@TotalRecords:1,@TotalPages:1,@CurrentPage:1,@PerPage:20,@MaxPerPage:100
 *   Error:validation_failed,@Tag:9,@RequestId:5f1c…,Message:Validation failed,Column:31,Field:Price,Problem:The price must be at least 0.
 */
import type { Field, Fields } from "../../define/field.ts";
import type { Result } from "../../pipeline/call.ts";
import { entityTag } from "../../pipeline/entity-tag.ts";
import type { Page } from "../../pipeline/page.ts";
import type { Refusal } from "../../pipeline/refusal.ts";
import { tell, type Telling } from "../../pipeline/told.ts";
import { columnOf, writeText } from "./grammar.ts";
import type { Places } from "./input.ts";
import type { Titles } from "./titles.ts";

type PlainObject = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is PlainObject => typeof value === "object" && value !== null && !Array.isArray(value);
const capital = (name: string): string => `${name[0]?.toUpperCase() ?? ""}${name.slice(1)}`;

/** A value that stands in one pair; undefined: it takes several. */
const single = (value: unknown, field: Field | undefined): string | undefined => {
  if (value === null || value === undefined) return "";
  if (field?.kind === "json") return writeText(JSON.stringify(value));
  switch (typeof value) {
    case "string":
      return value === "" ? '""' : writeText(value);
    case "number":
    case "boolean":
    case "bigint":
      return String(value);
    default:
      if (Array.isArray(value)) return value.length === 0 ? "[]" : undefined;
      return Object.keys(value).length === 0 ? "{}" : undefined;
  }
};

/** Puts the pairs of a value into `into`. */
const pairs = (title: string, value: unknown, field: Field | undefined, into: string[]): void => {
  const text = single(value, field);
  if (text !== undefined) {
    into.push(`${title}:${text}`);
    return;
  }
  if (!Array.isArray(value)) {
    for (const [name, inner] of Object.entries(value as object))
      pairs(`${title}.${capital(name)}`, inner, field?.fields?.[name], into);
    return;
  }
  const items = value as readonly unknown[];
  const texts = items.map((item) => (item === null ? undefined : single(item, field?.item)));
  if (texts.every((one) => one !== undefined && one !== "[]" && one !== "{}")) {
    for (const one of texts) into.push(`${title}:${String(one)}`);
    return;
  }
  for (const [at, item] of items.entries()) pairs(`${title}.${at + 1}`, item, field?.item, into);
};

const rowPairs = (titles: Titles, row: unknown, fields: Fields): string[] => {
  const written: string[] = [];
  if (!isObject(row)) pairs("Value", row, undefined, written);
  else for (const name of titles.inOrder(Object.keys(row))) pairs(titles.title(name), row[name], fields[name], written);
  return written;
};

const pagePairs = (rows: readonly unknown[], page: Page | undefined): string[] => [
  `@Rows:${rows.length}`,
  ...Object.entries(page ?? {}).flatMap(([name, value]) =>
    typeof value === "object" ? [] : [`@${capital(name)}:${typeof value === "string" ? writeText(value) : String(value)}`],
  ),
];

/** A line, with the tag of its request. */
const line = (first: string, tag: string | undefined, rest: readonly string[]): string =>
  `${[first, ...(tag === undefined ? [] : [`@Tag:${writeText(tag)}`]), ...rest].join(",")}\n`;

export const statusLine = (tag: string | undefined, rest: readonly string[] = []): string => line("Status:ok", tag, rest);

/** Whether an answer is the row as it is now, whole: a change may follow under its tag. */
const isWholeRow = ({ operation }: Titles, isChosen: boolean): boolean =>
  !isChosen && operation.output.kind === "row" && operation.action !== "function";

/** The lines of a call that was carried out. `isChosen`: the caller has chosen fields or relations. */
export const resultLines = (
  titles: Titles,
  { data, page, status, replayed }: Extract<Result, { ok: true }>,
  { tag, isChosen }: { readonly tag: string | undefined; readonly isChosen: boolean },
): string => {
  const asides = [...(status === 202 ? ["@Accepted:true"] : []), ...(replayed === true ? ["@Replayed:true"] : [])];
  if (data === undefined || titles.operation.output.kind === "none") return statusLine(tag, asides);
  if (Array.isArray(data)) {
    const rows = data as readonly unknown[];
    const written = rows.map((row, at) => line(`Row:${at + 1}`, tag, rowPairs(titles, row, titles.answered)));
    return `${written.join("")}${statusLine(tag, [...asides, ...pagePairs(rows, page)])}`;
  }
  if (isWholeRow(titles, isChosen)) asides.push(`@ETag:${entityTag(data).slice(1, -1)}`);
  return statusLine(tag, [...asides, ...rowPairs(titles, data, titles.answered)]);
};

/** Where a refusal's line tells of. */
export interface Place {
  readonly line: string;
  readonly places?: Places;
  readonly titles?: Titles;
  /** Of what the whole refusal is about. */
  readonly at?: number;
  /** What is wrong, where no message says it. */
  readonly problem?: string;
}

/** Where the value of a path stands: itself, else what it is part of; what is missing is missed at the end. */
const placeOf = (path: string, { line: text, places }: Place): number => {
  for (let part = path; part !== ""; part = part.slice(0, Math.max(0, part.lastIndexOf(".")))) {
    const at = places?.get(part);
    if (at !== undefined) return at;
  }
  return text.length;
};

/** Sentences name what is not known as the line has it: `Goods.1.Lenght`. */
const asWritten = (refusal: Refusal, titles: Titles): Refusal => {
  if (refusal.issues === undefined) return refusal;
  const issues = Object.entries(refusal.issues).map(
    ([path, list]) =>
      [
        path,
        list.map((issue) =>
          issue.code === "unknown_field" ? { ...issue, params: { field: titles.written(path), ...issue.params } } : issue,
        ),
      ] as const,
  );
  return { ...refusal, issues: Object.fromEntries(issues) };
};

/** The line of a refusal: what it is, and for each wrong value the column in which it stands. */
export const errorLine = (
  refusal: Refusal,
  telling: Telling,
  { tag, place }: { readonly tag: string | undefined; readonly place: Place },
  replayed?: true,
): string => {
  const { line: text, titles, at, problem } = place;
  const { error, data = {} } = tell(titles === undefined ? refusal : asWritten(refusal, titles), telling);
  const wrong = Object.entries(data)
    .map(([path, sentences]) => ({ path, sentences, at: placeOf(path, place) }))
    .toSorted((a, b) => a.at - b.at)
    .flatMap(({ path, sentences, at: where }) =>
      sentences.flatMap((sentence) => [
        `Column:${columnOf(text, where)}`,
        `Field:${writeText(titles?.written(path) ?? path)}`,
        `Problem:${writeText(sentence)}`,
      ]),
    );
  return line(`Error:${error.type}`, tag, [
    `@RequestId:${writeText(error.requestId)}`,
    ...(replayed === true ? ["@Replayed:true"] : []),
    ...(refusal.retryAfter === undefined ? [] : [`@RetryAfter:${Math.ceil(refusal.retryAfter)}`]),
    `Message:${writeText(error.message)}`,
    ...(at === undefined ? [] : [`Column:${columnOf(text, at)}`]),
    ...(problem === undefined ? [] : [`Problem:${writeText(problem)}`]),
    ...wrong,
    ...(error.details === undefined ? [] : [`Details:${writeText(JSON.stringify(error.details))}`]),
  ]);
};
