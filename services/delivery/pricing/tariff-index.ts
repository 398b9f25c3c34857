/**
 * When each version of the tariff counts, in one row: a command asks for it with the rows it loads anyway, so that placing orders by the thousand
 * searches for no version. Internal; `addVersion` keeps it.
 */
import { type CommandContext, declare, resource, type RowOf, rowOf, t } from "pons";
import { derivedId } from "../derived-id.ts";
import { inForceAt } from "../tariffs/index.ts";
import type { tariffFields } from "./tariff-fields.ts";

/** Versions that are remembered: those that come into force last. */
const versionsMax = 500;

const fields = {
  id: t.id("tix"),
  versions: t.array(
    t.object({ id: t.string(), number: t.integer(), effectiveFrom: t.dateTime(), effectiveTo: t.dateTime({ optional: true }) }),
    { maxItems: versionsMax },
  ),
};

const declared = declare("tariffIndex", { doc: "When versions of the tariff count.", fields });

export const tariffIndex = resource(declared, () => ({ rows: {} }));

export type TariffIndex = RowOf<typeof fields>;

const indexId = derivedId("tix", "versions");

/** What a command that asks for the version in force has to load. */
export const versionsIndexed = () => rowOf(declared, indexId);

/** The version in force at a moment; undefined where none is. */
export const indexedAt = ({ versions }: TariffIndex, at: string): string | undefined => inForceAt(versions, at)?.id;

type Version = Pick<RowOf<typeof tariffFields>, "id" | "number" | "effectiveFrom" | "effectiveTo">;

/** Adds a version to the index. `versions`: all there are, where there is no index yet. */
export const indexVersion = async (
  ctx: CommandContext,
  { id, number, effectiveFrom, effectiveTo }: Version,
  before: readonly Version[],
): Promise<void> => {
  const table = ctx.table(declared);
  const known = await table.get(indexId);
  const versions = [...(known?.versions ?? before), { id, number, effectiveFrom, effectiveTo }]
    .map((version) => ({
      id: version.id,
      number: version.number,
      effectiveFrom: version.effectiveFrom,
      effectiveTo: version.effectiveTo,
    }))
    .toSorted((one, other) => (one.effectiveFrom < other.effectiveFrom ? 1 : -1))
    .slice(0, versionsMax);
  if (known === undefined) table.insert({ id: indexId, versions });
  else table.update(indexId, { versions });
};
