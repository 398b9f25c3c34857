/**
 * Lines of goods that name an article and leave out what the catalogue knows of it. A line that says all that is needed is taken as it is, whatever the
 * catalogue has. Of any other, everything that it leaves out is taken from the catalogue, as it is at that moment:
 *
 *   { sku: "MUG-01", quantity: 2 }              → { sku: "MUG-01", quantity: 2, name: "Stoneware mug", length: 1200, … }
 *   { sku: "MUG-01", quantity: 2, weight: 400 } → the same with a weight of 400
 */
import { type FunctionRefusal, oneOf, type QueryContext, type RefusalSpecs, rowsOf } from "pons";
import { goodsMax } from "../measures.ts";
import { hasContent } from "../orders/content.ts";
import { type Good, goodIdOf, goods } from "./good-fields.ts";

/** What a line may leave out. */
interface LeftOut {
  readonly name: string | null;
  readonly length: number | null;
  readonly width: number | null;
  readonly height: number | null;
  readonly weight: number | null;
  readonly price: bigint | null;
  readonly isFragile: boolean | null;
  readonly isUpright: boolean | null;
  readonly vatRate: string | null;
}

/** A line as somebody asks for it; what is absent is left out too. */
export type AskedLine = Partial<LeftOut> & { readonly sku: string | null; readonly quantity: number };

/** A line with its measures. */
export interface FilledLine extends LeftOut {
  readonly sku: string;
  readonly quantity: number;
  readonly length: number;
  readonly width: number;
  readonly height: number;
  readonly weight: number;
}

const measures = ["length", "width", "height", "weight"] as const;

/** What has to be known of goods to pack and price them, and to place an order. */
export const neededOf = { packing: measures, order: [...measures, "name", "price"] } as const satisfies Readonly<
  Record<string, readonly (keyof LeftOut)[]>
>;

type Purpose = keyof typeof neededOf;

export const goodsUnknown = {
  goods_unknown: {
    status: 422,
    doc: "Lines of goods leave out sides or weight, and the catalogue has no such article; `goods` lists them all.",
  },
} as const satisfies RefusalSpecs;

const isLeftOut = (value: unknown): boolean => value === undefined || value === null;

const lacks = (line: AskedLine, purpose: Purpose): boolean => neededOf[purpose].some((name) => isLeftOut(line[name]));

/** Numbers of the articles that have to be looked up, each once. */
export const skusToFill = (lines: readonly AskedLine[], purpose: Purpose): readonly string[] => [
  ...new Set(lines.flatMap((line) => (line.sku !== null && lacks(line, purpose) ? [line.sku] : []))),
];

/** Articles by number. */
export type Catalogue = ReadonlyMap<string, Good>;

export const catalogueOf = (found: readonly (Good | undefined)[]): Catalogue =>
  new Map(found.flatMap((good) => (good === undefined ? [] : [[good.sku, good] as const])));

/** What a command that fills lines has to load: one statement for all of a batch. */
export const goodsToFill = (lines: readonly AskedLine[], purpose: Purpose) =>
  rowsOf(
    goods,
    skusToFill(lines, purpose).map((sku) => goodIdOf(sku)),
  );

/** The same for a query: one statement, or none where nothing is left out. */
export const readCatalogue = async (
  ctx: Pick<QueryContext, "table">,
  lines: readonly AskedLine[],
  purpose: Purpose,
): Promise<Catalogue> => {
  const skus = skusToFill(lines, purpose);
  return skus.length === 0
    ? new Map()
    : catalogueOf(await ctx.table(goods).find((row) => oneOf(row.sku, skus), { limit: goodsMax }));
};

const merged = (line: AskedLine, from: Partial<LeftOut> = {}): FilledLine | undefined => {
  const length = line.length ?? from.length ?? null;
  const width = line.width ?? from.width ?? null;
  const height = line.height ?? from.height ?? null;
  const weight = line.weight ?? from.weight ?? null;
  if (length === null || width === null || height === null || weight === null) return undefined;
  return {
    sku: line.sku ?? "",
    name: line.name ?? from.name ?? null,
    length,
    width,
    height,
    weight,
    quantity: line.quantity,
    price: line.price ?? from.price ?? null,
    isFragile: line.isFragile ?? from.isFragile ?? null,
    isUpright: line.isUpright ?? from.isUpright ?? null,
    vatRate: line.vatRate ?? from.vatRate ?? null,
  };
};

/** Whether a line says nothing but what a copy of it has. */
const agrees = (line: AskedLine, copy: FilledLine): boolean =>
  hasContent({ ...copy }, Object.fromEntries(Object.entries(line).filter(([, value]) => !isLeftOut(value))));

interface FillOptions {
  readonly purpose: Purpose;
  readonly catalogue: Catalogue;
  /** Lines as they were filled before: they stand for the catalogue where it has the article no more, or before it. */
  readonly copy?: { readonly lines: readonly FilledLine[]; readonly comesFirst: boolean };
}

/** The lines with all that is known of them. What is wrong with them is a refusal that lists all of it. */
export const fillLines = (
  ctx: Pick<QueryContext, "refuse">,
  lines: readonly AskedLine[],
  { purpose, catalogue, copy }: FillOptions,
): FilledLine[] | FunctionRefusal => {
  const filled = lines.map((line, index) => {
    if (!lacks(line, purpose)) return merged(line);
    const kept = copy?.lines[index];
    const before = kept !== undefined && agrees(line, kept) ? kept : undefined;
    const now = catalogue.get(line.sku ?? "");
    return merged(line, copy?.comesFirst === true ? (before ?? now) : (now ?? before));
  });
  const missing = lines.filter((_, index) => filled[index] === undefined);
  if (missing.length === 0) return filled.filter((line) => line !== undefined);
  // Without a number there is nothing to look up: the measures themselves are what is missing.
  const bare = lines.flatMap((line, index) =>
    line.sku === null ? measures.filter((name) => isLeftOut(line[name])).map((name) => `goods.${index}.${name}`) : [],
  );
  if (bare.length > 0)
    return ctx.refuse("validation_failed", undefined, { fields: Object.fromEntries(bare.map((path) => [path, ["required"]])) });
  const skus = [...new Set(missing.map(({ sku }) => sku ?? ""))];
  return ctx.refuse("goods_unknown", { goods: skus, skus: skus.join(", ") });
};

/** Fills lines in a query. */
export const filledLines = async (
  ctx: Pick<QueryContext, "table" | "refuse">,
  lines: readonly AskedLine[],
  purpose: Purpose,
): Promise<FilledLine[] | FunctionRefusal> =>
  fillLines(ctx, lines, { purpose, catalogue: await readCatalogue(ctx, lines, purpose) });
