/**
 * The forms and limits of values, kind by kind: what the acceptor checks and JSON Schema tells. Each pattern takes linear time.
 */

/** Most characters (Unicode code points) of one line and of text when the field does not say. */
export const stringLengthMax = 255;
export const textLengthMax = 65_535;
/** RFC 5321 §4.5.3.1.3: a path has at most 256 octets with its brackets. */
export const emailLengthMax = 254;
export const urlLengthMax = 2_048;
export const languageLengthMax = 35;

/** Most items of an array, and bytes of a binary, that do not say. */
export const arrayItemsMax = 1_000;
export const binaryBytesMax = 1_048_576;

/** A free JSON value: levels, parts (values), characters in all strings and keys together. */
export const jsonDepthMax = 32;
export const jsonPartsMax = 10_000;
export const jsonCharactersMax = 262_144;

/** Digits before the point of a decimal, and after it when the field does not say. */
export const decimalDigitsMax = 20;
export const decimalScaleDefault = 9;
export const decimalScaleMax = 18;
/** Digits that may be written after the point; those beyond the scale have to be zeros. */
export const decimalWrittenMax = 64;

/** Money is an int64 number of minor units. */
export const moneyMin = -(2n ** 63n);
export const moneyMax = 2n ** 63n - 1n;
export const moneyPattern = "^-?(?:0|[1-9][0-9]{0,18})$";

/** A decimal in digits, without exponent and plus sign. */
export const decimalPattern = (scale: number): string => {
  const zeros = decimalWrittenMax - scale;
  const fraction = scale === 0 ? `0{1,${zeros}}` : `[0-9]{1,${scale}}0{0,${zeros}}`;
  return `^-?(?:0|[1-9][0-9]{0,${decimalDigitsMax - 1}})(?:\\.${fraction})?$`;
};

/** Crockford base 32 of 128 bits: the first character holds three. */
export const idPattern = (prefix: string): string => `^${prefix}_[0-7][0-9A-HJKMNP-TV-Z]{25}$`;
export const uuidPattern = "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$";
export const refPattern = "^[A-Za-z0-9_-]{1,64}$";

/** RFC 3339 date-time but for the leap second; the calendar is for the reader to check. */
export const dateTimePattern =
  "^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-5][0-9](?:\\.[0-9]{1,30})?(?:[Zz]|[+-][0-9]{2}:[0-9]{2})$";

/** ISO 8601, none negative, a fraction only of seconds; each number has at most nine digits. */
export const durationPattern =
  "^P(?=[0-9T])(?:[0-9]{1,9}Y)?(?:[0-9]{1,9}M)?(?:[0-9]{1,9}W)?(?:[0-9]{1,9}D)?(?:T(?=[0-9])(?:[0-9]{1,9}H)?(?:[0-9]{1,9}M)?(?:[0-9]{1,9}(?:\\.[0-9]{1,9})?S)?)?$";

/** WHATWG HTML, "valid e-mail address", with RFC 5321's 64 octets before the @. */
export const emailPattern =
  "^[a-zA-Z0-9.!#$%&'*+\\/=?^_`{|}~\\-]{1,64}@[a-zA-Z0-9](?:[a-zA-Z0-9\\-]{0,61}[a-zA-Z0-9])?(?:\\.[a-zA-Z0-9](?:[a-zA-Z0-9\\-]{0,61}[a-zA-Z0-9])?)*$";

/** ITU-T E.164: plus sign, at most 15 digits; fewer than 7 is no subscriber anywhere. */
export const phonePattern = "^\\+[1-9][0-9]{6,14}$";

/** RFC 3986's characters, http or https, a host and no credentials; the rest is for the URL Standard's parser to check. */
export const urlPattern =
  "^[hH][tT][tT][pP][sS]?:\\/\\/[A-Za-z0-9\\-._~!$&'()*+,;=:%\\[\\]]+(?:[\\/?#][A-Za-z0-9\\-._~!$&'()*+,;=:@%\\/?#\\[\\]]*)?$";

/** RFC 5646 without its irregular grandfathered tags. */
export const languagePattern = "^[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*$";

export const currencyPattern = "^[A-Z]{3}$";
export const countryPattern = "^[A-Z]{2}$";

/** RFC 4648 §4, padded, without line breaks. */
export const base64Pattern = "^(?:[A-Za-z0-9+\\/]{4})*(?:[A-Za-z0-9+\\/]{2}==|[A-Za-z0-9+\\/]{3}=)?$";

/** Characters of base64 for so many bytes. */
export const base64LengthOf = (bytes: number): number => Math.ceil(bytes / 3) * 4;
