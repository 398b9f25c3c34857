/** Answers of calls as messages: what succeeded, and refusals that a definition answers in band. */
import { answerName, type Element, escapeAttribute, type SoapMethod } from "../../contract/soap/index.ts";
import type { DocumentData } from "../../pipeline/document-data.ts";
import type { Result } from "../../pipeline/call.ts";
import type { ToldRefusal } from "../../pipeline/told.ts";
import { envelopeNamespaces, type SoapVersion, xsi } from "./namespaces.ts";
import { compileElement, compileWriter, textElement } from "./write.ts";

type Success = Extract<Result, { ok: true }>;
type PlainRecord = Readonly<Record<string, unknown>>;

const isRecord = (value: unknown): value is PlainRecord => typeof value === "object" && value !== null && !Array.isArray(value);

/** A file: its content is bytes, whatever it is of. */
const fileOf = ({ mediaType, filename, encoding, content }: DocumentData): PlainRecord => ({
  mediaType,
  filename,
  isText: encoding === "text",
  content: encoding === "text" ? Buffer.from(content, "utf8").toString("base64") : content,
});

const recordOf = ({ answerShape }: SoapMethod, { data, page }: Success): PlainRecord => {
  switch (answerShape) {
    case "row":
      return { row: data };
    case "rows":
      return { rows: data, page };
    case "groups":
      return { groups: data, page };
    case "count":
      return { count: data };
    case "value":
      return { value: data };
    case "document":
      return { document: fileOf(data as DocumentData) };
    case "fields":
      return isRecord(data) ? data : {};
    case "none":
      return {};
  }
};

export interface AnswerWriter {
  /** The message of a success. */
  success(version: SoapVersion, result: Success): string;
  /** The message of a refusal in the form of a success. */
  inBand(version: SoapVersion, told: ToldRefusal): string;
}

/** Compiles the answers of a method. */
export const answerWriter = (method: SoapMethod, namespace: string): AnswerWriter => {
  const name = answerName(method);
  const write = compileWriter(method.answer);
  const framed = (Object.keys(envelopeNamespaces) as SoapVersion[]).map((version) => {
    const head =
      `<?xml version="1.0" encoding="UTF-8"?><soap:Envelope xmlns:soap="${envelopeNamespaces[version]}"><soap:Body>` +
      `<${name} xmlns="${escapeAttribute(namespace)}" xmlns:xsi="${xsi}">`;
    return [version, { head, tail: `</${name}></soap:Body></soap:Envelope>` }] as const;
  });
  const frames = Object.fromEntries(framed) as Record<SoapVersion, { readonly head: string; readonly tail: string }>;
  const message = (version: SoapVersion, inside: string): string => {
    const { head, tail } = frames[version];
    return head + inside + tail;
  };
  let elements: readonly (readonly [element: Element, write: ReturnType<typeof compileElement>])[] | undefined;
  return {
    success: (version, result) => message(version, write(recordOf(method, result))),
    inBand(version, { error }) {
      elements ??= method.answer.map((element) => [element, compileElement(element)] as const);
      let inside = "";
      for (const [{ name: element, key, refused }, writeElement] of elements) {
        if (refused === "type") inside += textElement(element, error.type);
        else if (refused === "message") inside += textElement(element, error.message);
        else if (refused !== undefined) inside += textElement(element, String(refused.value));
        // What the refusal tells under the field's name; else null, or what stands for it.
        else inside += writeElement((key === undefined ? undefined : error.details?.[key]) ?? null);
      }
      return message(version, inside);
    },
  };
};
