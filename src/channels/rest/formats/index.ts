/** Bodies of the REST channel: bytes to plain values and back. Pure: no knowledge of services, pipeline or storage. */
export { FormatError } from "../../http/format-error.ts";
export type { FormatErrorPosition, FormatErrorType } from "../../http/format-error.ts";
export { parseCsv } from "./csv-parse.ts";
export { streamCsv, stringifyCsv } from "./csv.ts";
export type { CsvOptions } from "./csv.ts";
export { parseJson, stringifyJson } from "./json.ts";
export { parseMsgpack, stringifyMsgpack } from "./msgpack.ts";
export { defaultLineLimits, parseNdjson, readNdjson, streamNdjson, stringifyNdjson } from "./ndjson.ts";
export type { LineLimits } from "./ndjson.ts";
export { defaultLimits } from "./plain.ts";
export type { FormatLimits, ParseOptions, Parsed, PlainObject, PlainValue, SchemaHint } from "./plain.ts";
export { formatByExtension, formatNamed, formats, inputFormat, outputFormat } from "./registry.ts";
export type { Format, FormatName, InputFormat, OutputFormat } from "./registry.ts";
export { decodeXml } from "./xml-value.ts";
export { stringifyXml } from "./xml-write.ts";
export { parseXml, parseXmlTree } from "./xml.ts";
export type { XmlElement } from "./xml.ts";
export { parseYaml, stringifyYaml } from "./yaml.ts";
