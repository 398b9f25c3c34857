/**
 * The one list of what can be wrong with a value. A code never changes its meaning; its message is `issue.<code>` in every language, filled with
 * the parameters named here. `expected` and `format` are words of their own lists, with messages `type.<word>` and `format.<word>`.
 */

/** Meaning and parameters of every code. */
export const issueCodes = {
  required: { doc: "It is missing, null or empty, and must not be.", params: [] },
  unknown_field: { doc: "The operation has no field or parameter of this name.", params: [] },
  read_only: { doc: "The field exists, but this operation may not write it.", params: [] },
  wrong_type: { doc: "It is of another type than the field.", params: ["expected"] },
  bad_format: { doc: "It is text, but not of the form the field has.", params: ["format"] },
  bad_characters: {
    doc: "It holds characters that the field may not hold: control characters, NUL, half of a surrogate pair.",
    params: [],
  },
  not_in_list: { doc: "It is none of the listed values.", params: ["values"] },
  not_integer: { doc: "It is a number, but not a whole one.", params: [] },
  too_precise: { doc: "It has more digits after the decimal point than are kept.", params: ["scale"] },
  too_short: { doc: "It has fewer characters (Unicode code points) than the least.", params: ["min"] },
  too_long: { doc: "It has more characters (Unicode code points) than the most.", params: ["max"] },
  too_small: { doc: "It is below the least value.", params: ["min"] },
  too_large: { doc: "It is above the greatest value.", params: ["max"] },
  too_early: { doc: "The date lies before the first one allowed.", params: ["min"] },
  too_late: { doc: "The date lies after the last one allowed.", params: ["max"] },
  too_few: { doc: "The list has fewer items than the least.", params: ["min"] },
  too_many: { doc: "The list has more items, or the JSON value more parts, than the most.", params: ["max"] },
  too_many_bytes: { doc: "The binary value has more bytes than the most.", params: ["max"] },
  too_deep: { doc: "The JSON value is nested deeper than allowed.", params: ["max"] },
  not_in_range: { doc: "It is not between the least and the greatest value.", params: ["min", "max"] },
  not_filterable: { doc: "Rows may not be filtered or sorted by this field.", params: [] },
  too_many_rows: { doc: "Related rows within related rows would come to more than the most.", params: ["max"] },
  unknown_operator: { doc: "The field cannot be compared in this way.", params: ["operator"] },
  unknown_filter: { doc: "There is no named filter of this name.", params: ["filter"] },
  unknown_relation: { doc: "There is no relation of this name that the caller may see.", params: ["relation"] },
  not_with_page: { doc: "A cursor and a page cannot be asked for together.", params: [] },
  not_with_related_order: { doc: "A cursor cannot go with an order by a field of a related row.", params: [] },
  bad_reference: { doc: "It refers to no row that the caller may see.", params: [] },
  duplicate: { doc: "Another row has this value already.", params: [] },
} as const satisfies Record<string, { readonly doc: string; readonly params: readonly string[] }>;

export type IssueCode = keyof typeof issueCodes;

/** Words for `expected` of `wrong_type`. */
export const typeWords = ["string", "integer", "number", "boolean", "object", "list", "binary", "json"] as const;

export type TypeWord = (typeof typeWords)[number];

/** Words for `format` of `bad_format`. */
export const formatWords = [
  "id",
  "reference",
  "date",
  "dateTime",
  "duration",
  "email",
  "url",
  "phone",
  "currency",
  "country",
  "language",
  "base64",
  "pattern",
  "decimal",
  "money",
  "network",
  "position",
] as const;

export type FormatWord = (typeof formatWords)[number];
