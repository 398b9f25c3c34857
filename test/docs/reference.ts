/** The generated parts of the documentation, each made from the code that it describes. */
import { postingRefusals } from "../../services/bank/outcomes.ts";
import { exitCodes } from "../../src/cli/exit-code.ts";
import { t } from "../../src/define/field.ts";
import { settings } from "../../src/host/setting.ts";
import { opaqueKinds, orderedKinds, textKinds } from "../../src/contract/query.ts";
import { formatWords, issueCodes, typeWords } from "../../src/contract/values/issue-codes.ts";
import { refusalTypes } from "../../src/contract/refusal-types.ts";
import { findLimit, limits, shownValue } from "./limit.ts";
import { tableOf } from "./markdown.ts";

const code = (text: string): string => `\`${text}\``;

interface Kind {
  readonly handler: string;
  readonly wire: string;
}

/** What the kinds are, in words; their names and comparisons come from the code. */
const kinds: Readonly<Record<keyof typeof t, Kind>> = {
  id: { handler: "`string`", wire: '`"acc_"` and 26 characters that sort by time' },
  ref: { handler: "`string`", wire: "id of a row of the resource it names" },
  string: { handler: "`string`", wire: "one line of text" },
  text: { handler: "`string`", wire: "text of any lines" },
  integer: { handler: "`number`", wire: "number, −(2^53−1) to 2^53−1" },
  money: { handler: "`bigint`, minor units", wire: "number up to 2^53−1, decimal string beyond; int64" },
  decimal: { handler: '`string`, such as `"12.50"`', wire: "string; numbers are accepted" },
  boolean: { handler: "`boolean`", wire: "`true` or `false`" },
  enum: { handler: "one of its values", wire: "the same" },
  date: { handler: '`"2026-01-31"`', wire: "the same" },
  dateTime: { handler: '`"2026-01-31T09:30:00.000Z"`', wire: "RFC 3339; any offset is accepted, UTC is answered" },
  duration: { handler: '`"P1DT2H"`', wire: "ISO 8601" },
  email: { handler: "`string`", wire: "as HTML's `input type=email` accepts it" },
  url: { handler: "`string`", wire: "http or https, without credentials" },
  phone: { handler: "`string`", wire: "E.164: `+` and 7 to 15 digits" },
  currency: { handler: "`string`", wire: "ISO 4217, such as `EUR`" },
  country: { handler: "`string`", wire: "ISO 3166-1 alpha-2, such as `DE`" },
  language: { handler: "`string`", wire: "BCP 47, such as `pt-BR`" },
  json: { handler: "any JSON value", wire: "the same" },
  object: { handler: "an object of its fields", wire: "the same" },
  array: { handler: "a list of its item's value", wire: "the same" },
  binary: { handler: "`Uint8Array`", wire: "base64 (RFC 4648 section 4)" },
};

const isOf = (kinds: ReadonlySet<string>, kind: string): boolean => kinds.has(kind);

const comparisonsOf = (kind: string): string => {
  if (isOf(opaqueKinds, kind)) return "`[null]`";
  const ordered = isOf(orderedKinds, kind) ? " `<` `<=` `>` `>=`" : "";
  const textual = isOf(textKinds, kind) ? " `~=` `^=`" : "";
  return `\`=\` \`!=\`${ordered}${textual} \`[null]\``;
};

const limitTable = (group: string): string =>
  tableOf(
    ["what", "limit", "beyond it", "in the code"],
    (limits[group] ?? []).map((limit) => {
      const { file } = findLimit(limit);
      return [
        limit.what,
        shownValue(limit),
        limit.beyond === "" ? "–" : limit.beyond,
        `${code(limit.name)} in [${file}](../../${file})`,
      ];
    }),
  );

/** Name of a part → its text. */
export const generated: Readonly<Record<string, () => string>> = {
  settings: () =>
    tableOf(
      ["variable", "what", "value", "if not set"],
      Object.entries(settings).map(([name, { doc, expected, absent }]) => [code(name), doc, expected, absent]),
    ),
  refusals: () =>
    tableOf(
      ["type", "status", "meaning"],
      Object.entries(refusalTypes).map(([type, { status, doc }]) => [code(type), String(status), doc]),
    ),
  issues: () =>
    tableOf(
      ["code", "meaning", "parameters"],
      Object.entries(issueCodes).map(([name, { doc, params }]) => [
        code(name),
        doc,
        params.length === 0 ? "–" : params.map(code).join(", "),
      ]),
    ),
  "type-words": () => `${typeWords.map(code).join(", ")}.`,
  "format-words": () => `${formatWords.map(code).join(", ")}.`,
  kinds: () =>
    tableOf(
      ["kind", "in a handler", "on the wire", "filters"],
      Object.keys(t).map((kind) => {
        const { handler, wire } = kinds[kind as keyof typeof t];
        return [code(`t.${kind}`), handler, wire, comparisonsOf(kind)];
      }),
    ),
  outcomes: () =>
    tableOf(
      ["type", "status", "meaning"],
      Object.entries(postingRefusals).map(([type, { status, doc }]) => [code(type), String(status), doc]),
    ),
  "exit-codes": () =>
    tableOf(
      ["code", "meaning"],
      Object.values(exitCodes).map(({ code: number, doc }) => [String(number), doc]),
    ),
  ...Object.fromEntries(Object.keys(limits).map((group) => [`limits-${group}`, () => limitTable(group)])),
};
