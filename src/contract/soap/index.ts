/**
 * SOAP of a contract: an interface per version of a service, with a method per operation, and the documents that describe it (WSDL 1.1, XML Schema).
 *
 *   contract ─► makeInterface: names, types, messages ─► wsdlText
 *                                                     └─► the channel reads and writes messages by it
 */
export { checkSoap } from "./check.ts";
export { escapeAttribute, escapeText } from "./escape.ts";
export { type MadeInterface, makeInterface } from "./interface.ts";
export {
  type AnswerShape,
  answerName,
  type ComplexType,
  type Content,
  type Element,
  type SimpleType,
  type SoapMethod,
  type ValueType,
} from "./model.ts";
export { methodNames } from "./names.ts";
export { isSameValue } from "./simple-types.ts";
export { wsdlText } from "./wsdl.ts";
