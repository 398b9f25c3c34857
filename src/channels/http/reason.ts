/**
 * Why somebody acts for another: `Pons-Reason`. Headers hold ASCII, reasons any language: what is beyond it is a display string (RFC 9651 section 3.3.8).
 *
 *   Pons-Reason: Ticket 4711
 *   Pons-Reason: %"%d0%9c%d0%be%d0%bb%d0%b1%d0%b0 4711"        Молба 4711
 */
import { parseItem } from "./structured-fields.ts";
import { serializeBare } from "./structured-fields-write.ts";

const ascii = /^[\x20-\x7e]*$/;
/** Letters, signs and plain spaces of any script; nothing that steers a terminal or turns the direction of writing. */
const reasonForm = /^[^\p{C}\p{Zl}\p{Zp}]{1,300}$/u;
/** 300 characters of four bytes, each byte written as three, and quotes. */
const headerLengthMax = 300 * 4 * 3 + 3;
const displayStart = '%"';

const formed = (reason: string): string | undefined => (reasonForm.test(reason) ? reason : undefined);

/** The reason that a header says; nothing where it is none. */
export const reasonOf = (header: string): string | undefined => {
  if (header.length > headerLengthMax || !ascii.test(header)) return undefined;
  if (!header.startsWith(displayStart)) return formed(header);
  // What begins like a display string and is none was not meant to be read.
  const item = parseItem(header);
  return item?.bare.type === "display" && item.parameters.size === 0 ? formed(item.bare.value) : undefined;
};

/** A reason as a header has it. Where messages carry text of any language, theirs go through here; what cannot be written stays as it is, and is refused. */
export const reasonHeader = (reason: string): string => {
  const isPlain = ascii.test(reason) && !reason.startsWith(displayStart);
  return isPlain || !reason.isWellFormed() ? reason : serializeBare({ type: "display", value: reason });
};
