/**
 * What a reader returns instead of a value. A reader takes one value from the wire and returns the handler's value, or a `Refused`;
 * it never throws, whatever it is given. Tell them apart with `instanceof Refused`.
 */
import type { Value } from "../../define/expression.ts";
import type { Issue } from "../issue.ts";
import type { FormatWord, IssueCode, TypeWord } from "./issue-codes.ts";

/** Most issues told of one body; reading stops there. */
export const issuesMax = 100;

/** One issue and where it is, relative to the value read: "" for the value itself, `city`, `0.sku`. */
export type Found = readonly [path: string, issue: Issue];

export class Refused {
  readonly found: readonly Found[];

  constructor(found: readonly Found[]) {
    this.found = found;
  }
}

/**
 * Reads one value. `text`: numbers and booleans may come as strings (XML, CSV, query strings).
 * The value is neither null nor undefined: whoever calls decides what those mean.
 */
export type Read = (value: unknown, text: boolean) => Value | Refused;

/** A refusal of the value itself. Made once, when a field is compiled, wherever its parameters are known then. */
export const refused = (code: IssueCode, params?: Issue["params"]): Refused =>
  new Refused([["", params === undefined ? { code } : { code, params }]]);

export const wrongType = (expected: TypeWord): Refused => refused("wrong_type", { expected });

export const badFormat = (format: FormatWord): Refused => refused("bad_format", { format });
