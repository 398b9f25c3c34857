/** The ISO's schema of camt.053.001.08: what is wrong with a document, by libxml2. */
import { join } from "node:path";
import { XmlDocument, XmlValidateError, XsdValidator } from "libxml2-wasm";

const schemaText = await Bun.file(join(import.meta.dir, "schemas", "camt.053.001.08.xsd")).text();

/** One sentence per flaw; none when the document is valid. Throws for what is no XML. */
export const camt053Flaws = (xml: string): string[] => {
  using schema = XmlDocument.fromString(schemaText);
  using validator = XsdValidator.fromDoc(schema);
  using document = XmlDocument.fromString(xml);
  try {
    validator.validate(document);
    return [];
  } catch (error) {
    if (error instanceof XmlValidateError) return error.details.map(({ message }) => message.trim());
    throw error;
  }
};
