/**
 * ISO 4217: the current alphabetic codes of list one, with the number of decimal digits of the minor unit (the "exponent").
 * Amounts are whole minor units: 1.00 EUR is 100, 1 JPY is 1, 1.000 BHD is 1000. Codes without a minor unit (metals, XDR, XTS, XXX …) are left out,
 * since no amount of them could be written. As of 2026-01-01, when the Bulgarian lev left the list.
 */

const none = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF";
const two =
  "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK " +
  "DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL " +
  "MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG " +
  "SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG";
const three = "BHD IQD JOD KWD LYD OMR TND";
const four = "CLF UYW";

const entries = (codes: string, exponent: 0 | 2 | 3 | 4): [string, number][] => codes.split(" ").map((code) => [code, exponent]);

/** Code → digits after the point of the major unit. */
export const currencies: ReadonlyMap<string, number> = new Map([
  ...entries(none, 0),
  ...entries(two, 2),
  ...entries(three, 3),
  ...entries(four, 4),
]);

/** Digits after the point for `currency`. Throws `RangeError` for a code that is not in the list. */
export const exponentOf = (currency: string): number => {
  const exponent = currencies.get(currency);
  if (exponent === undefined) throw new RangeError(`no currency ${currency}`);
  return exponent;
};
