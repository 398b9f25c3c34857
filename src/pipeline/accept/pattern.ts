/** Which patterns a field may have. */
export { checkPattern } from "../../define/pattern.ts";
