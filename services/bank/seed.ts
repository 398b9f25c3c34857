/**
 * Demo data: 200 customers, 300 accounts in four currencies, 5,000 transfers over ninety days. The same from the same seed, but for the ids of
 * accounts and the moments of creation.
 *
 * Money comes from somewhere: each currency has a house account of the bank that pays the opening balances and may be overdrawn, so that the
 * balances of a currency add up to zero. What operations can make goes through operations; customers of long standing, house accounts, and
 * accounts that were frozen or closed before are inserted as they are.
 */
import type { Seeder } from "pons";
import { accounts } from "./account-fields.ts";
import { exponentOf } from "./assets.ts";
import { customers } from "./customer-fields.ts";
import { ibanOf } from "./iban.ts";
import { localities } from "./seed-names.ts";

const customerCount = 200;
/** The first so many open accounts; the others had theirs in the past. */
const customersWithAccounts = 180;
const accountCount = 300;
const transferCount = 5_000;
const batchSize = 500;
const total = customerCount + accountCount + transferCount;

const dayMs = 86_400_000;
/** Customers joined in the year before it; transfers take effect in the ninety days after it. */
const start = Date.UTC(2025, 0, 1);
const transferDays = 90;
const houseOverdraft = 10n ** 15n;

/** Currencies of the demo bank. */
const assetNames = ["EUR", "GBP", "JPY", "USD"] as const;
type Asset = (typeof assetNames)[number];

/** How often a currency is chosen, in hundredths. */
const currencyShares: readonly (readonly [Asset, number])[] = [
  ["EUR", 45],
  ["USD", 20],
  ["GBP", 20],
  ["JPY", 15],
];
const accountNames = ["Current account", "Savings", "Travel", "Rent and bills", "Emergency fund", "Business"];
const references = [
  "Rent",
  "Invoice 2025-117",
  "Groceries",
  "Dinner",
  "Tickets",
  "Birthday present",
  "Car repair",
  "Books",
  null,
];

type Random = () => number;
type Values = Record<string, unknown>;

const below = (random: Random, bound: number): number => Math.floor(random() * bound);
const pick = <T>(random: Random, list: readonly T[]): T => list[below(random, list.length)] as T;
const moment = (ms: number): string => new Date(ms).toISOString();

const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** An id like the server's own (UUIDv7 in Crockford base 32), of a given moment and a seeded generator. */
const seededId = (prefix: string, ms: number, random: Random): string => {
  const bits = (count: number): bigint => BigInt(below(random, 2 ** count));
  let value = (BigInt(ms) << 80n) | (7n << 76n) | (bits(12) << 64n) | (2n << 62n) | (bits(31) << 31n) | bits(31);
  let text = "";
  for (let position = 0; position < 26; position++) {
    text = (alphabet[Number(value & 31n)] as string) + text;
    value >>= 5n;
  }
  return `${prefix}_${text}`;
};

const statusOf = (position: number): string =>
  position < customersWithAccounts + 3 ? "active" : position < customersWithAccounts + 12 ? "inactive" : "archived";

const customerRow = (position: number, random: Random): Values => {
  const place = pick(random, localities);
  const isCompany = position % 7 === 6;
  const given = pick(random, place.given);
  const family = pick(random, place.family);
  const person = place.familyFirst === true ? `${family} ${given}` : `${given} ${family}`;
  const joined = start - dayMs * (1 + below(random, 365));
  const number = String(position + 1).padStart(3, "0");
  return {
    id: seededId("cus", joined, random),
    name: isCompany ? `${pick(random, place.companies)} ${number}` : person,
    email: `customer.${number}@example.com`,
    phone: random() < 0.9 ? `+${place.callingCode}${200_000_000 + below(random, 700_000_000)}` : null,
    country: place.country,
    language: place.language,
    birthDate: isCompany
      ? null
      : moment(Date.UTC(1945 + below(random, 60), below(random, 12), 1 + below(random, 28))).slice(0, 10),
    kind: isCompany ? "company" : "person",
    status: statusOf(position),
    taxNumber: random() < 0.8 ? `${place.country}${10_000_000 + below(random, 89_999_999)}` : null,
    openAccounts: 0,
    lastActiveAt: moment(joined + dayMs * below(random, 30)),
    createdAt: moment(joined),
    updatedAt: moment(joined),
  };
};

const accountRow = (of: { currency: Asset; customer: string | null; name: string }, more: Values, random: Random): Values => {
  const id = seededId("acc", start, random);
  return {
    id,
    ...of,
    kind: of.customer === null ? "house" : "customer",
    debitsPosted: 0n,
    creditsPosted: 0n,
    debitsPending: 0n,
    creditsPending: 0n,
    balance: 0n,
    overdraftLimit: 0n,
    maxBalance: null,
    status: "active",
    frozenReason: null,
    iban: ibanOf(id),
    version: 1,
    createdAt: moment(start),
    ...more,
  };
};

const currencyFor = (random: Random): Asset => {
  let left = below(random, 100);
  for (const [currency, share] of currencyShares) {
    if (left < share) return currency;
    left -= share;
  }
  return "EUR";
};

/** What a new account is asked for; every tenth may be overdrawn, every twentieth is capped. */
const accountBody = (position: number, customer: string, random: Random): Values => {
  const currency = currencyFor(random);
  const unit = 10 ** exponentOf(currency);
  return {
    customer,
    name: pick(random, accountNames),
    currency,
    ...(position % 10 === 9 ? { overdraftLimit: 500 * unit } : {}),
    ...(position % 20 === 19 ? { maxBalance: 100_000_000 * unit } : {}),
  };
};

/** Balances as the transfers so far leave them, so that none is refused. Minor units. */
class Book {
  readonly #held = new Map<Asset, { readonly id: string; balance: number }[]>();
  readonly #house: ReadonlyMap<Asset, string>;
  readonly #random: Random;

  constructor(house: ReadonlyMap<Asset, string>, random: Random) {
    this.#house = house;
    this.#random = random;
  }

  /** The opening balance of an account: 100 to 10,000 in major units (JPY: a hundred times as much). */
  open(id: string, currency: Asset): Values {
    const held = this.#held.get(currency) ?? [];
    this.#held.set(currency, held);
    const balance = (100 + below(this.#random, 9_900)) * 100;
    held.push({ id, balance });
    return {
      debit: this.#house.get(currency),
      credit: id,
      amount: balance,
      currency,
      kind: "deposit",
      reference: "Opening balance",
    };
  }

  /** A payment between customers or, sometimes and when there is too little to pay with, a deposit or withdrawal. */
  next(): Values {
    const random = this.#random;
    const currency = currencyFor(random);
    const held = this.#held.get(currency) ?? [];
    const house = this.#house.get(currency);
    const payer = pick(random, held);
    const payee = pick(random, held);
    const amount = 1 + below(random, Math.floor(payer.balance * 0.3) + 1);
    const chance = random();
    if (payer === payee || amount > payer.balance || chance < 0.06) {
      const deposit = 1_000 + below(random, 200_000);
      payee.balance += deposit;
      return { debit: house, credit: payee.id, amount: deposit, currency, kind: "deposit", reference: null };
    }
    payer.balance -= amount;
    if (chance < 0.12) return { debit: payer.id, credit: house, amount, currency, kind: "withdrawal", reference: null };
    payee.balance += amount;
    return { debit: payer.id, credit: payee.id, amount, currency, kind: "payment", reference: pick(random, references) };
  }
}

const inBatches = function* <T>(list: readonly T[]): Iterable<readonly T[]> {
  for (let at = 0; at < list.length; at += batchSize) yield list.slice(at, at + batchSize);
};

/** Fills an empty bank. */
export const seed = async function* (seeder: Seeder): AsyncIterable<{ readonly done: number; readonly total: number }> {
  const { random } = seeder;
  const people = Array.from({ length: customerCount }, (_, position) => customerRow(position, random));
  const idOf = (position: number): string => people[position]?.["id"] as string;
  const past = [
    { customer: customersWithAccounts, status: "frozen", frozenReason: "Card reported stolen" },
    { customer: customersWithAccounts + 1, status: "frozen", frozenReason: "Address could not be verified" },
    { customer: customersWithAccounts + 2, status: "closed", frozenReason: null },
  ];
  for (const { customer, status } of past)
    Object.assign(people[customer] as Values, { openAccounts: status === "closed" ? 0 : 1 });
  await seeder.insert(customers, people);
  yield { done: customerCount, total };

  const house = new Map<Asset, string>();
  const rows: Values[] = [];
  for (const currency of assetNames) {
    const row = accountRow({ currency, customer: null, name: `House ${currency}` }, { overdraftLimit: houseOverdraft }, random);
    house.set(currency, row["id"] as string);
    rows.push(row);
  }
  for (const { customer, ...more } of past) {
    rows.push(accountRow({ currency: "EUR", customer: idOf(customer), name: "Current account" }, more, random));
  }
  await seeder.insert(accounts, rows);
  const book = new Book(house, random);
  const bodies = Array.from({ length: accountCount - rows.length }, (_, position) =>
    accountBody(position, idOf(position < customersWithAccounts ? position : below(random, customersWithAccounts)), random),
  );
  const postings: Values[] = [];
  for (const batch of inBatches(bodies)) {
    const opened = await seeder.call("accounts.create", batch);
    for (const account of opened) postings.push(book.open(account["id"] as string, account["currency"] as Asset));
  }
  yield { done: customerCount + accountCount, total };

  while (postings.length < transferCount) postings.push(book.next());
  const step = (transferDays * dayMs) / transferCount;
  const dated = postings.map((posting, position) => {
    const ms = Math.floor(start + position * step);
    return { id: seededId("trf", ms, random), ...posting, effectiveAt: moment(ms) };
  });
  let done = customerCount + accountCount;
  for (const batch of inBatches(dated)) {
    await seeder.call("transfers.create", batch);
    done += batch.length;
    yield { done, total };
  }
};
