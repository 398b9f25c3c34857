/**
 * Writing the Link header (RFC 8288). Targets come from our own routes; white space, quotes and angle brackets in
 * them are percent-encoded, so that no parameter a caller put into the query can end a link or begin another.
 */

export interface Link {
  /** URI reference, absolute or relative to the request. */
  readonly target: string;
  /** One relation type, or several separated by a space: `next`, `service-desc`. */
  readonly rel: string;
  /** Media type of the target, where it helps: `text/html`. */
  readonly type?: string;
  readonly title?: string;
}

/** `[{ target: "/a?page=2", rel: "next" }]` → `</a?page=2>; rel="next"`; no links is undefined (leave the header out). */
export function formatLinks(links: readonly Link[]): string | undefined {
  return links.length === 0 ? undefined : links.map(formatLink).join(", ");
}

function formatLink({ target, rel, type, title }: Link): string {
  let text = `<${escapeTarget(target)}>; rel=${quote(rel)}`;
  if (type !== undefined) text += `; type=${quote(type)}`;
  if (title !== undefined) text += isAscii(title) ? `; title=${quote(title)}` : `; title*=UTF-8''${extended(title)}`;
  return text;
}

/** Everything outside visible ASCII, and the characters that RFC 3986 does not allow in a URI. */
function escapeTarget(target: string): string {
  return target.toWellFormed().replace(/[^\x21-\x7e]|["<>\\^`{|}]/gu, encodeURIComponent);
}

function isAscii(text: string): boolean {
  return /^[\x20-\x7e]*$/.test(text);
}

function quote(text: string): string {
  if (!isAscii(text)) throw new TypeError("a link parameter holds printable ASCII");
  return `"${text.replace(/["\\]/g, "\\$&")}"`;
}

/** RFC 8187 extended value: percent-encoded but for attr-char. */
function extended(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
