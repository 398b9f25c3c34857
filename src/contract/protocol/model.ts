/** A document for people as a list of blocks, whatever it is printed with. Text may hold `code` in backticks, and nothing else. */
export type Block =
  | { readonly kind: "heading"; readonly level: 1 | 2 | 3; readonly text: string; readonly id: string }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "list"; readonly items: readonly string[] }
  | { readonly kind: "code"; readonly text: string }
  /** `widths`: shares of the columns. */
  | {
      readonly kind: "table";
      readonly columns: readonly string[];
      readonly widths: readonly number[];
      readonly rows: readonly (readonly string[])[];
    };

export interface ProtocolDocument {
  readonly title: string;
  readonly subtitle: string;
  readonly blocks: readonly Block[];
}

/** Parts of a text, in turn plain and code. */
export const spansOf = (text: string): readonly { readonly text: string; readonly isCode: boolean }[] =>
  text
    .split("`")
    .map((part, at) => ({ text: part, isCode: at % 2 === 1 }))
    .filter(({ text: part }) => part !== "");
