/**
 * The assets the bank keeps accounts in: currencies of ISO 4217 with their exponents, the number of digits after the point (0, 2, 3 or 4). An
 * amount of 12345 minor units is 123.45 EUR, 12,345 JPY, 12.345 KWD and 1.2345 CLF.
 *
 * `assets` says which of them the bank keeps. While it is empty, the bank keeps all.
 */
import { currencies, eq, resource, type Row, t } from "pons";

/** Currencies in alphabetical order. */
export const currencyNames: readonly string[] = [...currencies.keys()].toSorted();

/** Digits after the point. Throws `RangeError` for what is no currency of ISO 4217. */
export { exponentOf } from "pons";

/** Greatest amount that a 64-bit counter holds, in minor units. */
export const amountMax = 2n ** 63n - 1n;

/** Minor units as a decimal in major units: `major(-12345n, "EUR")` → "-123.45", `major(12345n, "JPY")` → "12345". */
export const major = (minor: bigint, currency: string): string => {
  const exponent = currencies.get(currency) ?? 0;
  const digits = (minor < 0n ? -minor : minor).toString().padStart(exponent + 1, "0");
  const sign = minor < 0n ? "-" : "";
  if (exponent === 0) return sign + digits;
  return `${sign}${digits.slice(0, -exponent)}.${digits.slice(-exponent)}`;
};

const fields = {
  id: t.id("ast"),
  currency: t.currency({ unique: true, write: "create", doc: "ISO 4217.", example: "EUR" }),
  exponent: t.integer({ write: "never", doc: "Digits after the point: 0, 2, 3 or 4." }),
  suspended: t.boolean({ default: false, doc: "Whether no account is opened and nothing posted in it for now." }),
  createdAt: t.dateTime({ set: "created" }),
};

export const assets = resource(
  "assets",
  { doc: "Currencies the bank keeps accounts in. While there is none, it keeps all of ISO 4217.", fields },
  ({ self, all, filter, command }) => ({
    rows: { customer: all, teller: all, supervisor: all, auditor: all },
    access: { update: ["supervisor"] },
    inMemory: true,
    sortBy: "currency",
    filters: { active: filter(({ suspended }) => eq(suspended, false)) },
    create: command({
      on: "collection",
      doc: "Adds a currency. From the first one on, the bank keeps those that are listed and no others.",
      roles: ["supervisor"],
      input: {
        currency: t.currency({ doc: "ISO 4217.", example: "EUR" }),
        exponent: t.integer({
          optional: true,
          min: 0,
          max: 4,
          doc: "To be sure of it: refused when it is not that of ISO 4217.",
        }),
      },
      output: "row",
      refusals: {
        wrong_exponent: { status: 400, doc: "ISO 4217 gives the currency another exponent." },
        asset_exists: { status: 409, doc: "The bank keeps this currency already." },
      },
      run: (ctx, { input: { currency, exponent } }) => {
        const right = currencies.get(currency) ?? 0;
        if (exponent !== null && exponent !== right) return ctx.refuse("wrong_exponent", { currency, exponent: right });
        const table = ctx.table(self);
        if (table.all().some((asset) => asset.currency === currency)) return ctx.refuse("asset_exists");
        return ctx.created(table.insert({ currency, exponent: right }));
      },
    }),
  }),
);

/** Whether the bank keeps accounts in a currency, given its assets. */
export const isKept = (currency: string, kept: readonly Row<typeof assets>[]): boolean =>
  kept.length === 0 ? currencies.has(currency) : kept.some((asset) => asset.currency === currency && !asset.suspended);
