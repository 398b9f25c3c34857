/** Why ways of delivery are not offered, in words: a line each, with figures as the language writes them. */
import { exponentOf } from "pons";
import { exclusionComment } from "../messages/comments.ts";
import type { Exclusion, TariffVersion } from "../tariffs/index.ts";

/** Kept formats: a language and a unit each. */
const formatsMax = 200;
const formats = new Map<string, Intl.NumberFormat>();

const formatOf = (locale: string, options: Intl.NumberFormatOptions): Intl.NumberFormat => {
  const key = `${locale} ${options.unit ?? ""} ${options.currency ?? ""}`;
  const known = formats.get(key);
  if (known !== undefined) return known;
  const [tag = "en"] = Intl.NumberFormat.supportedLocalesOf(/^[A-Za-z0-9-]+$/.test(locale) ? [locale] : []);
  const format = new Intl.NumberFormat(tag, options);
  if (formats.size >= formatsMax) formats.clear();
  formats.set(key, format);
  return format;
};

/** `figure("de", 35_000, { unit: "g", currency: "EUR" })` → "35.000 g" */
const figure = (
  locale: string,
  value: number,
  { unit, currency }: { readonly unit: Exclusion["unit"]; readonly currency: string },
): string => {
  if (unit === "g") return formatOf(locale, { style: "unit", unit: "gram" }).format(value);
  if (unit === "0.1 mm")
    return formatOf(locale, { style: "unit", unit: "millimeter", maximumFractionDigits: 1 }).format(value / 10);
  if (unit === "minor") return formatOf(locale, { style: "currency", currency }).format(value / 10 ** exponentOf(currency));
  return formatOf(locale, {}).format(value);
};

/** `Courier: a parcel weighs 35,000 g; 30,000 g at most.`, one a line; empty where all are offered. */
export const commentsOf = (
  locale: string,
  excluded: readonly Pick<Exclusion, "service" | "reason" | "limit" | "actual" | "unit">[],
  { services, currency }: TariffVersion,
): string => {
  const names = new Map(services.map(({ id, name }) => [id, name]));
  return excluded
    .map(({ service, reason, limit, actual, unit }) => {
      // A container that is not taken has no figures, one whose goods are too heavy has: both are one sentence without them.
      const figures =
        limit === null || actual === null
          ? {}
          : { limit: figure(locale, limit, { unit, currency }), actual: figure(locale, actual, { unit, currency }) };
      return exclusionComment(locale, reason, { service: names.get(service) ?? service, ...figures });
    })
    .join("\n");
};
