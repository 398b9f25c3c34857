/**
 * Readers and writers of the formats other than JSON, each loaded when a request first needs it: a start does without their 30 modules. Loading is
 * synchronous, so that an answer in such a format is written in the same turn as one in JSON; it takes a few milliseconds, once.
 */
import type * as Csv from "./csv.ts";
import type * as CsvParse from "./csv-parse.ts";
import type * as Msgpack from "./msgpack.ts";
import type * as Ndjson from "./ndjson.ts";
import type * as Xml from "./xml.ts";
import type * as XmlWrite from "./xml-write.ts";
import type * as Yaml from "./yaml.ts";

/** The module system keeps what was loaded, and gives it again without looking at the disk. */
export const codecs = {
  get csv() {
    return require("./csv.ts") as typeof Csv;
  },
  get csvParse() {
    return require("./csv-parse.ts") as typeof CsvParse;
  },
  get msgpack() {
    return require("./msgpack.ts") as typeof Msgpack;
  },
  get ndjson() {
    return require("./ndjson.ts") as typeof Ndjson;
  },
  get xml() {
    return require("./xml.ts") as typeof Xml;
  },
  get xmlWrite() {
    return require("./xml-write.ts") as typeof XmlWrite;
  },
  get yaml() {
    return require("./yaml.ts") as typeof Yaml;
  },
};
