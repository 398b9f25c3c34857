/** SOAP 1.1 and 1.2 below `/{service}/{version}/soap`, described by WSDL. */
export { digestPasswordOf } from "./security.ts";
export { createSoap } from "./soap.ts";
