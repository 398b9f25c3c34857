/**
 * Entity tags of presented data (RFC 9110 section 8.8.3). A tag is a hash of the JSON that a caller sees, after redaction and
 * down-conversion: it changes exactly when that caller's view changes, and says nothing about fields he may not read.
 *
 *   entityTag({ id: "acc_1", name: "A" })   →  '"9f2c6ad01b3e77c4"'       (with its quotes, as in the header)
 *
 * A channel that answers in another format than JSON appends a suffix behind a dash (`"9f2c…-xml"`): each representation has its own strong
 * tag, and If-Match works with any of them once the suffix is cut off again (`stemOfTag`). The step that compares If-Match calls
 * `entityTag` with the row presented whole to this caller and looks it up in `call.ifMatch`.
 *
 * The hash is wyhash (64 bits, not cryptographic): a tag detects change, it protects nothing.
 */

/** Tag of the data as JSON would write it. Keys count in their order, which presenting keeps stable. */
export const entityTag = (data: unknown): string => entityTagOfJson(JSON.stringify(data) ?? "");

/** Tag of data that was written as JSON already, so that it is written once for body and tag. */
export const entityTagOfJson = (json: string): string => `"${Bun.hash(json).toString(16)}"`;

/** `"9f2c-xml-gzip"` → `"9f2c"`: what `call.ifMatch` holds. A tag without quotes or suffix comes back as it is. */
export const stemOfTag = (tag: string): string => {
  const dash = tag.indexOf("-");
  return dash === -1 ? tag : `${tag.slice(0, dash)}"`;
};
