/**
 * The interface as WSDL 1.1: document/literal wrapped, by the rules of WS-I Basic Profile 1.1, with bindings for SOAP 1.1 and 1.2. One file without
 * imports.
 */
import { escapeAttribute, escapeText } from "./escape.ts";
import type { MadeInterface } from "./interface.ts";
import type { SoapMethod } from "./model.ts";
import { answerName } from "./model.ts";
import { schemaText } from "./xsd.ts";

const bindings = [
  { suffix: "", prefix: "soap", uri: "http://schemas.xmlsoap.org/wsdl/soap/" },
  { suffix: "12", prefix: "soap12", uri: "http://schemas.xmlsoap.org/wsdl/soap12/" },
] as const;

const documentation = (doc: string): string => (doc === "" ? "" : `<wsdl:documentation>${escapeText(doc)}</wsdl:documentation>`);

/** One part per message, called as the tools expect it of a wrapped one. */
const messageText = (name: string, element: string): string =>
  `<wsdl:message name="${name}"><wsdl:part name="parameters" element="tns:${element}"/></wsdl:message>\n`;

const requestMessage = ({ name }: SoapMethod): string => `${name}Request`;
const answerMessage = ({ name }: SoapMethod): string => `${name}Answer`;

/** The document of an interface at an address; `methods`: only these of it. */
export const wsdlText = (
  made: MadeInterface,
  { address, methods }: { readonly address: string; readonly methods: readonly SoapMethod[] },
): string => {
  const { name, namespace, fault, doc } = made;
  const uri = escapeAttribute(namespace);
  const faultMessage = fault.name;
  const portType = methods
    .map(
      (method) =>
        `<wsdl:operation name="${method.name}">${documentation(method.operation.doc)}` +
        `<wsdl:input message="tns:${requestMessage(method)}"/><wsdl:output message="tns:${answerMessage(method)}"/>` +
        `<wsdl:fault name="${fault.name}" message="tns:${faultMessage}"/></wsdl:operation>\n`,
    )
    .join("");
  const bindingText = ({ suffix, prefix }: (typeof bindings)[number]): string =>
    `<wsdl:binding name="${name}Soap${suffix}" type="tns:${name}PortType">` +
    `<${prefix}:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>\n` +
    methods
      .map(
        (method) =>
          `<wsdl:operation name="${method.name}"><${prefix}:operation soapAction="${escapeAttribute(method.action)}" style="document"/>` +
          `<wsdl:input><${prefix}:body use="literal"/></wsdl:input><wsdl:output><${prefix}:body use="literal"/></wsdl:output>` +
          `<wsdl:fault name="${fault.name}"><${prefix}:fault name="${fault.name}" use="literal"/></wsdl:fault></wsdl:operation>\n`,
      )
      .join("") +
    "</wsdl:binding>\n";
  return (
    '<?xml version="1.0" encoding="UTF-8"?>\n' +
    `<wsdl:definitions name="${name}" targetNamespace="${uri}" xmlns:tns="${uri}" xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/"` +
    `${bindings.map(({ prefix, uri: of }) => ` xmlns:${prefix}="${of}"`).join("")}>\n` +
    documentation(doc) +
    `<wsdl:types>\n${schemaText(made, methods)}</wsdl:types>\n` +
    methods
      .map((method) => messageText(requestMessage(method), method.name) + messageText(answerMessage(method), answerName(method)))
      .join("") +
    `<wsdl:message name="${faultMessage}"><wsdl:part name="fault" element="tns:${fault.name}"/></wsdl:message>\n` +
    `<wsdl:portType name="${name}PortType">\n${portType}</wsdl:portType>\n` +
    bindings.map(bindingText).join("") +
    `<wsdl:service name="${name}">${bindings
      .map(
        ({ suffix, prefix }) =>
          `<wsdl:port name="${name}Soap${suffix}" binding="tns:${name}Soap${suffix}"><${prefix}:address location="${escapeAttribute(address)}"/></wsdl:port>`,
      )
      .join("")}</wsdl:service>\n</wsdl:definitions>\n`
  );
};
