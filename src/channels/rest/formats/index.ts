/** Bodies of the REST channel: bytes to plain values and back. Pure: no knowledge of services, pipeline or storage. */
export { FormatError } from "../../http/format-error.ts";
export type { FormatErrorPosition, FormatErrorType } from "../../http/format-error.ts";
export { defaultLimits } from "./plain.ts";
export type { FormatLimits, ParseOptions, Parsed, PlainObject, PlainValue, SchemaHint } from "./plain.ts";
export { formatByExtension, formatNamed, formats, inputFormat, outputFormat } from "./registry.ts";
export type { Format, FormatName, InputFormat, OutputFormat } from "./registry.ts";
