/** Orders of made-up customers: the same seed gives the same orders. Nobody of these names is meant; the domains are those of RFC 2606. */
import type { Address, SealType } from "../tariffs/index.ts";
import { goods, type SampleGoods } from "./goods.ts";
import { type Random, randomFrom } from "./random.ts";
import { towns } from "./towns.ts";

export interface SampleOrder {
  readonly id: string;
  readonly number: string;
  readonly customer: {
    readonly id: string;
    readonly name: string;
    readonly email: string;
    readonly phone: string;
    readonly address: Address & { readonly street: string; readonly home: string; readonly flat: string };
  };
  readonly goods: readonly (SampleGoods & { readonly quantity: number })[];
  /** Minor units: the price of the goods. */
  readonly declaredValue: number;
  /** Minor units; zero: paid already. */
  readonly cashOnDelivery: number;
  readonly seal: SealType;
  readonly sturdy: boolean;
}

/** As written, and as in an e-mail address. */
const given = [
  ["Ada", "ada"],
  ["Björn", "bjorn"],
  ["Chloé", "chloe"],
  ["Дарья", "darya"],
  ["Emil", "emil"],
  ["Фёдор", "fyodor"],
  ["Greta", "greta"],
  ["Hugo", "hugo"],
  ["Ирина", "irina"],
  ["Jonas", "jonas"],
  ["Karin", "karin"],
  ["Łucja", "lucja"],
] as const;

const family = [
  ["Ashgrove", "ashgrove"],
  ["Birkenfeld", "birkenfeld"],
  ["Coldwater", "coldwater"],
  ["Dunmere", "dunmere"],
  ["Эльмин", "elmin"],
  ["Fairhollow", "fairhollow"],
  ["Gråsten", "grasten"],
  ["Холмский", "kholmsky"],
  ["Islewood", "islewood"],
  ["Järnby", "jarnby"],
  ["Кленов", "klenov"],
  ["Larkspire", "larkspire"],
  ["Moorwick", "moorwick"],
] as const;

const domains = ["example.com", "example.net", "example.org"];

const linesOf = (random: Random): SampleOrder["goods"] => {
  const lines = new Map<string, SampleOrder["goods"][number]>();
  for (let left = 1 + random.below(4); left > 0; left--) {
    const chosen = random.oneOf(goods);
    lines.set(chosen.sku, { ...chosen, quantity: 1 + random.below(chosen.weight > 4000 ? 1 : 3) });
  }
  return [...lines.values()];
};

const orderOf = (random: Random, at: number): SampleOrder => {
  const [givenName, givenMail] = random.oneOf(given);
  const [familyName, familyMail] = random.oneOf(family);
  const town = random.oneOf(towns);
  const number = String(at + 1).padStart(4, "0");
  const lines = linesOf(random);
  const value = lines.reduce((sum, { price, quantity }) => sum + price * quantity, 0);
  const seals: readonly SealType[] = lines.some(({ fragile }) => fragile === true) ? [2, 3] : [1, 1, 2];
  return {
    id: `sample-${number}`,
    number: `S-${number}`,
    customer: {
      id: `C-${number}`,
      name: `${givenName} ${familyName}`,
      email: `${givenMail}.${familyMail}.${number}@${random.oneOf(domains)}`,
      // 555-0100 to 555-0199 are kept for fiction.
      phone: `+1202555${String(100 + random.below(100)).padStart(4, "0")}`,
      address: {
        index: String(town.index + random.below(30)),
        region: town.region,
        city: town.city,
        street: random.oneOf(town.streets),
        home: String(1 + random.below(120)),
        flat: String(1 + random.below(60)),
      },
    },
    goods: lines,
    declaredValue: value,
    cashOnDelivery: random.below(3) === 0 ? value : 0,
    seal: random.oneOf(seals),
    sturdy: random.below(8) === 0,
  };
};

/** So many orders, at most 10,000. */
export const sampleOrders = (count = 200, seed = 1): readonly SampleOrder[] => {
  if (!Number.isSafeInteger(count) || count < 0 || count > 10_000) throw new RangeError("0 to 10,000 orders");
  const random = randomFrom(seed);
  return Array.from({ length: count }, (_, at) => orderOf(random, at));
};
