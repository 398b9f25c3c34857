/** Rows with values that tend to break things: nulls, ties, letters beyond ASCII and beyond the BMP, quotes, the ends of the number ranges. */
import type { Value } from "../../src/define/expression.ts";
import type { Row } from "../../src/store/store.ts";

/** A value that is text; the suite's ids and names are. */
export const textOf = (value: Value | undefined): string => {
  if (typeof value !== "string") throw new TypeError("not a text");
  return value;
};

/** UTF-16 order and code point order differ between "\uffee" and "😀". */
export const texts: readonly string[] = [
  "",
  "a",
  "A",
  "ab",
  "aB",
  "Zoë",
  "ZOË",
  "straße",
  "ὈΔΥΣΣΕΎΣ",
  "ὀδυσσεύς",
  "İstanbul",
  "Łódź",
  "\uffee",
  "😀",
  "😁b",
  "100%",
  "a_b",
  "a\\b",
  "'; DROP TABLE accounts; --",
  '"quoted"',
  "{1,2}",
  "NULL",
  "line\nbreak",
];

export const decimals: readonly string[] = [
  "0",
  "1",
  "-1",
  "10",
  "9",
  "1.5",
  "-1.5",
  "-1.25",
  "-12",
  "0.001",
  "-0.001",
  "123456789012345678901234567890",
  "-0.000000000000000000000001",
  "99999999999999999999.999999",
];

export const bigints: readonly bigint[] = [0n, 1n, -1n, 2n ** 63n - 1n, -(2n ** 63n), 9007199254740993n, 100n, -100n];
export const integers: readonly number[] = [0, 1, -1, 2, 3, 2 ** 53 - 1, -(2 ** 53 - 1)];
export const dates: readonly string[] = ["0001-01-01", "1999-12-31", "2000-01-01", "2024-02-29", "9999-12-31"];
export const instants: readonly string[] = [
  "0001-01-01T00:00:00.000Z",
  "1969-12-31T23:59:59.999Z",
  "2024-02-29T12:34:56.789Z",
  "2024-02-29T12:34:56.790Z",
  "2024-03-01T00:00:00.000Z",
  "9999-12-31T23:59:59.999Z",
];

const pick = <T>(all: readonly T[], index: number): T => all[((index % all.length) + all.length) % all.length] as T;

export const countryRows: readonly Row[] = [
  { id: "DE", title: "Germany", area: 357_592 },
  { id: "FR", title: "France", area: null },
  { id: "ΕΛ", title: "Ελλάς", area: 131_957 },
];

export const customerRows: readonly Row[] = Array.from({ length: 7 }, (_, i) => ({
  id: `cus_${i}`,
  name: pick(texts, i * 3 + 1),
  country: i % 3 === 2 ? null : pick(["DE", "FR", "ΕΛ"], i),
}));

/** Deterministic rows: the index decides about every value. */
export const accountRow = (i: number): Row => ({
  id: `acc_${String((i * 7919) % 10_007).padStart(5, "0")}`,
  customer: i % 5 === 4 ? null : `cus_${i % 7}`,
  name: `${pick(texts, i)}#${i}`,
  note: i % 4 === 1 ? null : pick(texts, i * 5 + 2),
  rank: i % 3 === 0 ? null : pick(integers, i),
  balance: pick(bigints, i * 3),
  rate: i % 4 === 2 ? null : pick(decimals, i),
  isActive: i % 2 === 0,
  isChecked: i % 3 === 1 ? null : i % 3 === 0,
  openedOn: i % 6 === 5 ? null : pick(dates, i),
  changedAt: pick(instants, i * 5 + 1),
  details: i % 4 === 0 ? null : { z: i, a: [pick(texts, i), null, true, 1.5], "": {} },
  photo: i % 5 === 0 ? null : new Uint8Array([0, 255, i % 256]),
});

export const accountRows: readonly Row[] = Array.from({ length: 60 }, (_, i) => accountRow(i));

export const membershipRows: readonly Row[] = accountRows
  .filter((_, i) => i % 3 !== 0)
  .map((row, i) => ({ account: row["id"] ?? null, subject: `user_${i % 4}`, role: i % 2 === 0 ? null : "owner" }));
