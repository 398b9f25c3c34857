/** Text in XML. What XML 1.0 cannot hold in any spelling, and halves of surrogate pairs, become U+FFFD. */

// oxlint-disable-next-line no-control-regex
const special = /[&<>\r\u0000-\u0008\u000b\u000c\u000e-\u001f\ud800-\udfff\ufffe\uffff]/;
// oxlint-disable-next-line no-control-regex
const forbidden = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "\r": "&#13;",
  "\n": "&#10;",
  "\t": "&#9;",
};
const entity = (character: string): string => entities[character] ?? character;

const whole = (text: string): string => text.toWellFormed().replace(forbidden, "\ufffd");

/** Text between tags. */
export const escapeText = (text: string): string => (special.test(text) ? whole(text).replace(/[&<>\r]/g, entity) : text);

/** Text between double quotes. */
export const escapeAttribute = (text: string): string => whole(text).replace(/[&<>"\r\n\t]/g, entity);
