/** Fields of a row as an answer has them that tells more than the row. */
import type { Fields } from "pons";

/** Fields that somebody reads: an answer of its own form is not looked at for who may see what. */
export const shownFields = (fields: Fields): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([, { options }]) => options.read?.length !== 0));
