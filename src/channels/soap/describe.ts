/** What GET answers: the WSDL (`?wsdl`, `?wsdl&operations=GetAccount,ListAccounts`), or a page that says where it is. */
import { escapeAttribute, escapeText } from "../../contract/soap/index.ts";
import type { HttpExchange } from "../http/index.ts";
import { packed } from "./packed.ts";
import type { ServedInterface } from "./service.ts";

/** Where callers reach the service: as configured, else as the request came; by a host of its own where the request came to one. */
const addressOf = ({ publicOrigin, request, base, version }: HttpExchange): string => {
  const asked = URL.parse(request.url);
  const isByPath = base.endsWith(`/${version?.service}/${version?.name}`);
  if (isByPath || publicOrigin === undefined) return `${publicOrigin ?? asked?.origin ?? ""}${base}/soap`;
  const { protocol } = new URL(publicOrigin);
  return `${protocol}//${asked?.host ?? ""}${base}/soap`;
};

const pageText = ({ made }: ServedInterface, address: string): string => {
  const wsdl = `${address}?wsdl`;
  const items = [...made.methods.values()]
    .map(({ name, operation }) => `<li><code>${name}</code> ${escapeText(operation.doc)}</li>`)
    .join("\n");
  return (
    `<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>${escapeText(made.name)}</title></head><body>\n` +
    `<h1>${escapeText(made.name)}</h1>\n<p>SOAP 1.1 and 1.2: messages are sent by POST. Described by <a href="${escapeAttribute(wsdl)}">${escapeText(wsdl)}</a>.</p>\n` +
    `<ul>\n${items}\n</ul>\n</body></html>\n`
  );
};

/** Answers GET; undefined where `operations` names one that is not there. */
export const describe = (exchange: HttpExchange, served: ServedInterface): Response | Promise<Response> | undefined => {
  const address = addressOf(exchange);
  const parameters = new URLSearchParams(exchange.query);
  const isWsdl = [...parameters.keys()].some((name) => /^(?:single)?wsdl$/i.test(name));
  if (!isWsdl) return packed(exchange, pageText(served, address), { "Content-Type": "text/html; charset=utf-8" });
  const names = parameters.getAll("operations").flatMap((list) => list.split(",").filter(Boolean));
  const text = served.wsdl(address, names);
  return text === undefined ? undefined : packed(exchange, text, { "Content-Type": "text/xml; charset=utf-8" });
};
