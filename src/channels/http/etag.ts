/**
 * Entity tags and the conditions made of them (RFC 9110 sections 8.8.3, 13.1.1, 13.1.2).
 * Limits: 4,096 characters, 64 tags. Never throws; a malformed header is undefined, and a change under a malformed
 * If-Match must then be refused, not made.
 */

/** One tag: the text between the quotes, and whether it is weak (`W/`). */
export interface EntityTag {
  readonly tag: string;
  readonly isWeak: boolean;
}

/** `*`, or the tags named. */
export type TagCondition = "*" | readonly EntityTag[];

const LENGTH_MAX = 4096;
const TAGS_MAX = 64;
/** etagc is any visible character but the quote, and obs-text. */
const TAG = /[ \t]*(W\/)?"([\x21\x23-\x7e\x80-\xff]*)"[ \t]*(,|$)/y;
const OPAQUE = /^[\x21\x23-\x7e]+$/;

/** The header of If-Match or If-None-Match: `*`, or at least one tag; undefined when malformed. */
export function parseTagCondition(header: string): TagCondition | undefined {
  if (header.length > LENGTH_MAX) return undefined;
  if (header.trim() === "*") return "*";
  const tags: EntityTag[] = [];
  TAG.lastIndex = 0;
  for (;;) {
    const match = TAG.exec(header);
    if (match === null || tags.length === TAGS_MAX) return undefined;
    tags.push({ tag: match[2] ?? "", isWeak: match[1] !== undefined });
    if (match[3] === "") return tags;
  }
}

/** Strong comparison, for If-Match: `*` matches what exists, a weak tag never. `current` is undefined when nothing exists. */
export function matchesStrongly(condition: TagCondition, current: EntityTag | undefined): boolean {
  if (current === undefined) return false;
  if (condition === "*") return true;
  return !current.isWeak && condition.some(({ tag, isWeak }) => !isWeak && tag === current.tag);
}

/** Weak comparison, for If-None-Match: `W/` does not count. */
export function matchesWeakly(condition: TagCondition, current: EntityTag | undefined): boolean {
  if (current === undefined) return false;
  return condition === "*" || condition.some(({ tag }) => tag === current.tag);
}

/** The ETag header: `"v7"` or `W/"v7"`. The tag is ours: a character no tag may hold throws. */
export function formatTag({ tag, isWeak }: EntityTag): string {
  if (!OPAQUE.test(tag)) throw new TypeError("an entity tag holds visible ASCII but the quote");
  return isWeak ? `W/"${tag}"` : `"${tag}"`;
}
