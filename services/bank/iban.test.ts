import { expect, test } from "bun:test";
import { ibanOf, isIban } from "./iban.ts";

test("the check digits are those of the standard", () => {
  // Examples of the IBAN registry (SWIFT, release 99).
  const registered = [
    "MT84MALT011000012345MTLCAST001S",
    "DE89370400440532013000",
    "GB29NWBK60161331926819",
    "FR1420041010050500013M02606",
  ];
  expect(registered.map(isIban)).toEqual([true, true, true, true]);
  expect(["MT85MALT011000012345MTLCAST001S", "DE98370400440532013000", "GB29NWBK60161331926891", ""].map(isIban)).toEqual([
    false,
    false,
    false,
    false,
  ]);
});

test("an account's IBAN has Malta's form and keeps the random part of the id", () => {
  const iban = ibanOf("acc_01JD3Q8Z5T7N9V1X3B5D7F9H1K");
  expect(iban).toMatch(/^MT\d\dPONS000015T7N9V1X3B5D7F9H1K$/);
  expect(iban).toHaveLength(31);
  expect(isIban(iban)).toBe(true);
});

test("every digit of an account counts", () => {
  const iban = ibanOf("acc_01JD3Q8Z5T7N9V1X3B5D7F9H1K");
  for (let position = 4; position < iban.length; position++) {
    const changed = `${iban.slice(0, position)}${iban[position] === "0" ? "1" : "0"}${iban.slice(position + 1)}`;
    expect(isIban(changed)).toBe(false);
  }
});

test("what is no account id throws", () => {
  expect(() => ibanOf("acc_short")).toThrow("is no account id");
});
