/** What of a receiver's answer is kept for the log: its beginning as text, on one line, without what looks like a credential. */

const lengthMax = 500;

/** Keys and tokens: of ours, bearer tokens, JWTs, and what a header or field of that name holds. */
const credentials =
  /pons_[a-z]+_[A-Za-z0-9_-]{8,}|wh(?:sec|sk)_[A-Za-z0-9+/=_-]{8,}|eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){1,4}|\b(?:bearer|basic|dpop)\s+[A-Za-z0-9+/=._~-]{8,}|\b(?:authorization|cookie|set-cookie|password|secret|token|api[-_]?key)["']?\s*[:=]\s*["']?(?:(?:bearer|basic|dpop)\s+)?[^\s"',;&<]{1,512}/gi;
/** Digits as on a payment card. */
const cards = /\b(?:\d[ -]?){12,18}\d\b/g;

/** At most 500 characters; `undefined` for nothing and for what is no text. */
export const excerptOf = (content: Uint8Array): string | undefined => {
  const text = new TextDecoder("utf-8", { fatal: false }).decode(content);
  const odd = text.match(/\uFFFD|\p{Cc}/gu)?.filter((one) => !/\s/.test(one)).length ?? 0;
  if (odd > 8 && odd > text.length / 20) return undefined;
  const line = text
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\uFFFD\s]+/gu, " ")
    .replace(credentials, "••••")
    .replace(cards, "••••")
    .trim()
    .slice(0, lengthMax)
    .toWellFormed();
  return line === "" ? undefined : line;
};
