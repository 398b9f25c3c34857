/**
 * Account numbers of the bank as IBANs (ISO 13616) of Malta's form: MT, two check digits, bank `PONS`, branch `00001`, and 18 letters or digits,
 * which are the last 18 characters of the account's id. They hold all of the id's random bits, so that two accounts never share one.
 *
 *   ibanOf("acc_01JD3Q8Z5T7N9V1X3B5D7F9H1K") → "MT51PONS000015T7N9V1X3B5D7F9H1K"
 */

const country = "MT";
const bank = "PONS";
const branch = "00001";
const accountLength = 18;

/** Remainder by 97 of the text read as a number, letters as 10 to 35 (ISO 7064, MOD 97-10). */
const mod97 = (text: string): number => {
  let remainder = 0;
  for (const character of text) {
    const value = Number.parseInt(character, 36);
    remainder = (remainder * (value < 10 ? 10 : 100) + value) % 97;
  }
  return remainder;
};

/** The IBAN of an account, from its id. */
export const ibanOf = (accountId: string): string => {
  const account = accountId.slice(-accountLength);
  if (!/^[0-9A-Z]{18}$/.test(account)) throw new Error(`${accountId} is no account id`);
  const bban = bank + branch + account;
  const check = 98 - mod97(`${bban}${country}00`);
  return `${country}${String(check).padStart(2, "0")}${bban}`;
};

/** Whether the check digits fit. */
export const isIban = (iban: string): boolean =>
  /^[A-Z]{2}[0-9]{2}[0-9A-Z]{11,30}$/.test(iban) && mod97(iban.slice(4) + iban.slice(0, 4)) === 1;
