/** Addresses and the people at them, as orders have them. */
import { t } from "pons";

const part = (doc: string, maxLength: number, example?: string) =>
  t.string({ optional: true, maxLength, doc, ...(example === undefined ? {} : { example }) });

export const addressFields = {
  index: part("Postal code.", 12, "10115"),
  region: part("Region or state.", 100, "Berlin"),
  district: part("District of the region.", 100, "Mitte"),
  city: part("City.", 100, "Berlin"),
  settlement: part("Settlement outside a city, or a part of one.", 100, "Gesundbrunnen"),
  street: part("Street.", 150, "Chausseestraße"),
  home: part("House number.", 20, "12"),
  housing: part("Building of the house.", 20, "B"),
  flat: part("Flat or office.", 20, "7"),
};

/** Where it goes: a postal code, a city or a settlement at least. */
export const address = t.object(addressFields, { doc: "A postal code, a city or a settlement at least." });

export interface Located {
  readonly index: string | null;
  readonly city: string | null;
  readonly settlement: string | null;
}

/** Whether an address says of any place that it is there. */
export const isLocated = ({ index, city, settlement }: Located): boolean =>
  [index, city, settlement].some((given) => given !== null && given.trim() !== "");

export const customer = t.object(
  {
    id: t.string({ maxLength: 40, doc: "As the shop knows the customer.", example: "C-17" }),
    name: t.string({ minLength: 1, maxLength: 150, example: "Ada Lovelace" }),
    email: t.email({ optional: true, example: "ada@example.com" }),
    phone: t.string({ optional: true, maxLength: 40, doc: "In any form.", example: "+49 30 1234567" }),
    address,
  },
  { filter: false, doc: "Who receives it." },
);
