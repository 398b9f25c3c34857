/**
 * What calls are grouped by: a part of the time, whose they are, what was called, what came of it. A group's sums are added up from the rows of the environment
 * and from those of the tenant as a whole, where its calls of this service are.
 */
import { type Fields, type FunctionRefusal, type QueryContext, refusalMark, t } from "pons";

const times = ["hour", "day", "month"] as const;
type Time = (typeof times)[number];

/** A group by name → the fields of a row that make it. */
const fieldsOf = {
  app: ["app"],
  plan: ["plan"],
  user: ["user"],
  key: ["key"],
  operation: ["service", "operation"],
  version: ["service", "version"],
  outcome: ["statusClass"],
  channel: ["channel"],
  country: ["country"],
} as const;

export type GroupName = Time | keyof typeof fieldsOf;

const isTime = (name: GroupName): name is Time => (times as readonly string[]).includes(name);

/** Fields of the answer: each is there where it was asked for. */
const groupFields: Readonly<Record<GroupName, Fields[string]>> = {
  hour: t.string({ optional: true, doc: "The hour, in UTC.", example: "2026-11-28T09" }),
  day: t.string({ optional: true, doc: "The day, in UTC.", example: "2026-11-28" }),
  month: t.string({ optional: true, doc: "The month, in UTC.", example: "2026-11" }),
  app: t.string({ optional: true, doc: "The app's id; absent: people's sessions." }),
  plan: t.string({ optional: true, doc: "The plan's id; absent: none." }),
  user: t.string({ optional: true, doc: "The user's id; absent: none. Not told of what is older than 90 days." }),
  key: t.string({ optional: true, doc: "The credential's id; absent: none. Not told of what is older than 90 days." }),
  operation: t.string({ optional: true, example: "bank.accounts.list" }),
  version: t.string({ optional: true, example: "bank v2" }),
  outcome: t.string({ optional: true, doc: "`2xx`: it was answered; `4xx`: refused; `5xx`: our failure.", example: "2xx" }),
  channel: t.string({ optional: true, example: "rest" }),
  country: t.string({
    optional: true,
    doc: "ISO 3166-1 alpha-2, by the caller's address; `ZZ`: an address of no country, absent: unknown.",
    example: "BG",
  }),
};

/** The fields by which the rows of an answer say of which group they are. */
export const fieldsOfGroups = (names: readonly GroupName[]): Fields =>
  Object.fromEntries(names.map((name) => [name, groupFields[name]]));

export type Groups = Readonly<Partial<Record<GroupName, string | null>>>;
export type Sums = Readonly<Record<string, bigint>>;

/** A row of `totals`. */
type Summed = Readonly<Record<string, unknown>>;

/** Asks one of the tables for sums, of the environment or (undefined) of the tenant as a whole. */
export type Ask = (
  environment: string | undefined,
  wanted: { readonly group: readonly string[]; readonly part?: { readonly of: "at"; readonly by: Time } },
) => Promise<readonly Summed[]>;

const partsOf = (name: GroupName, row: Summed): string | null => {
  if (isTime(name)) return String(row["part"]);
  const values = fieldsOf[name].map((field) => row[field]);
  if (values.some((value) => value === null || value === undefined)) return null;
  if (name === "outcome") return `${String(values[0])}xx`;
  return values.join(name === "version" ? " " : ".");
};

export const tooManyGroups = {
  too_many_groups: {
    status: 422,
    doc: "There are more groups than can be added up at once: ask for a shorter time, or for fewer things to group by.",
  },
} as const;

export const isRefusal = (value: object): value is FunctionRefusal => refusalMark in value;

/** The groups as they were asked for, or a refusal: each once, and one time at most. */
export const groupsOf = (ctx: QueryContext, asked: readonly GroupName[]): readonly GroupName[] | FunctionRefusal =>
  new Set(asked).size < asked.length || asked.filter(isTime).length > 1
    ? ctx.refuse("validation_failed", undefined, { fields: { group: ["duplicate"] } })
    : asked;

/** Groups with their sums, in no order; a refusal where there are too many. `always`: fields that are told apart besides, for `add` to look at. */
export const sumGroups = async (
  ctx: QueryContext,
  {
    groups,
    environment,
    ask,
    measures,
  }: {
    readonly groups: readonly GroupName[];
    readonly environment: string;
    readonly ask: Ask;
    /** What one row of sums adds to a group. */
    readonly measures: (row: Summed) => Sums;
  },
): Promise<readonly { readonly groups: Groups; readonly sums: Sums }[] | FunctionRefusal> => {
  const time = groups.find(isTime);
  const fields = [...new Set(groups.flatMap((name): readonly string[] => (isTime(name) ? [] : fieldsOf[name])))];
  const wanted = { group: fields, ...(time === undefined ? {} : { part: { of: "at", by: time } as const }) };
  let rows: readonly Summed[];
  try {
    rows = [...(await ask(environment, wanted)), ...(await ask(undefined, wanted))];
  } catch (error) {
    if (error instanceof RangeError) return ctx.refuse("too_many_groups");
    throw error;
  }
  const summed = new Map<string, { readonly groups: Groups; sums: Sums }>();
  for (const row of rows) {
    const found: Groups = Object.fromEntries(groups.map((name) => [name, partsOf(name, row)]));
    const key = JSON.stringify(Object.values(found));
    const more = measures(row);
    const known = summed.get(key);
    if (known === undefined) summed.set(key, { groups: found, sums: more });
    else known.sums = Object.fromEntries(Object.entries(known.sums).map(([name, value]) => [name, value + (more[name] ?? 0n)]));
  }
  return [...summed.values()];
};

/** All groups together. */
export const totalOf = (rows: readonly { readonly sums: Sums }[], names: readonly string[]): Sums =>
  Object.fromEntries(names.map((name) => [name, rows.reduce((sum, { sums }) => sum + (sums[name] ?? 0n), 0n)]));

/** In the order of the groups; null stands first. */
export const byGroups = (a: { readonly groups: Groups }, b: { readonly groups: Groups }): number => {
  const [left, right] = [Object.values(a.groups), Object.values(b.groups)];
  for (const [at, value] of left.entries()) {
    const other = right[at] ?? null;
    if (value === other) continue;
    if (value === null || value === undefined) return -1;
    if (other === null) return 1;
    return value < other ? -1 : 1;
  }
  return 0;
};
