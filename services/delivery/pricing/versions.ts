/** Versions of the tariff as they are kept: read, found by the moment, added. */
import { type CommandContext, exponentOf, type FunctionRefusal, lte, type QueryContext } from "pons";
import {
  type Bracket,
  fromCsv,
  inForceAt,
  type Problem,
  type TariffVersion,
  unknownFields,
  validateVersion,
  versionOf,
} from "../tariffs/index.ts";
import { indexVersion } from "./tariff-index.ts";
import { contentIdOf, tariffContents, tariffs } from "./tariff-fields.ts";

/** Versions that are looked through for the one in force: those that came into force last. */
const versionsMax = 500;
/** Versions that are kept ready; they never change, so that a kept one is never wrong. */
const readyMax = 16;
/** Problems that a refusal lists. */
const problemsShown = 20;

const ready = new Map<string, TariffVersion>();

/** What reads rows, in a query or a command. */
type Reading = Pick<QueryContext, "table"> | Pick<CommandContext, "table">;

/** The content of a version. */
export const contentOf = async (ctx: Reading, tariff: string): Promise<TariffVersion> => {
  const known = ready.get(tariff);
  if (known !== undefined) return known;
  const row = await ctx.table(tariffContents).get(contentIdOf(tariff));
  if (row === undefined) throw new Error(`${tariff} has no content`);
  const version = versionOf(row.content);
  if (ready.size >= readyMax) for (const oldest of [...ready.keys()].slice(0, 1)) ready.delete(oldest);
  ready.set(tariff, version);
  return version;
};

/** The version in force at a moment; null where there is none. */
export const versionAt = async (
  ctx: Reading,
  at: string,
): Promise<{ readonly tariff: string; readonly version: TariffVersion } | null> => {
  const rows = await ctx
    .table(tariffs)
    .find((row) => lte(row.effectiveFrom, at), { limit: versionsMax, sortBy: "effectiveFrom.desc" });
  const found = inForceAt(rows, at);
  return found === undefined ? null : { tariff: found.id, version: await contentOf(ctx, found.id) };
};

export const versionRefusals = {
  invalid_tariff: { status: 422, doc: "The version has mistakes, which `problems` lists." },
} as const;

export const gridRefusals = {
  ...versionRefusals,
  invalid_grid: { status: 422, doc: "The CSV has mistakes, which `problems` lists." },
} as const;

/** Amounts have two decimals over SOAP, whatever the currency: those of another one would be told wrong. */
const flawOfCurrency = (currency: unknown): readonly Problem[] => {
  try {
    if (exponentOf(String(currency)) === 2) return [];
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  return [{ path: "currency", code: "unknown_currency", text: "a currency of ISO 4217 with two decimals is needed" }];
};

type Content = Readonly<Record<string, unknown>>;

/** A version of this content, under an id and a number; or the refusal that lists its mistakes. */
export const versionFrom = (
  ctx: Pick<QueryContext, "refuse">,
  content: Content,
  { id, number }: Pick<TariffVersion, "id" | "number">,
): TariffVersion | FunctionRefusal => {
  const numbered = { effectiveTo: null, ...content, id, number };
  const problems = [...flawOfCurrency(content["currency"]), ...unknownFields(numbered), ...validateVersion(numbered)];
  if (problems.length === 0) return versionOf(numbered);
  const shown = problems.slice(0, problemsShown).map(({ path, code, text }) => ({ path, code, text }));
  return ctx.refuse("invalid_tariff", { problems: shown });
};

/** The price grid of a CSV; or the refusal that lists its mistakes. */
export const gridFrom = (ctx: Pick<QueryContext, "refuse">, csv: string): readonly Bracket[] | FunctionRefusal => {
  const { grid, problems } = fromCsv(csv);
  if (grid !== undefined) return grid;
  const shown = problems.slice(0, problemsShown).map(({ line, column, code, text }) => ({ line, column, code, text }));
  return ctx.refuse("invalid_grid", { problems: shown });
};

/** Adds a version under the next number. */
export const addVersion = async (
  ctx: CommandContext,
  content: Content,
): Promise<FunctionRefusal | ReturnType<typeof ctx.created<unknown>>> => {
  const before = await ctx
    .table(tariffs)
    .find((row) => lte(row.number, Number.MAX_SAFE_INTEGER), { limit: versionsMax, sortBy: "number.desc" });
  const [newest] = before;
  const version = versionFrom(ctx, content, { id: ctx.id(tariffs), number: (newest?.number ?? 0) + 1 });
  if ("refused" in version) return version;
  const { id, number, name, currency, effectiveFrom, effectiveTo } = version;
  const row = ctx
    .table(tariffs)
    .insert({ id, number, name, currency, effectiveFrom: iso(effectiveFrom), effectiveTo: iso(effectiveTo) });
  ctx.table(tariffContents).insert({ id: contentIdOf(id), content: version });
  await indexVersion(ctx, row, before);
  ctx.emit("added", { tariff: id, number, effectiveFrom: row.effectiveFrom }, tariffs);
  return ctx.created(row);
};

/** An instant with milliseconds, as rows have them. */
const iso = <T extends string | null>(instant: T): T => (instant === null ? instant : (new Date(instant).toISOString() as T));
