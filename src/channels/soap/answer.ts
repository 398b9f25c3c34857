/** Answers of calls as messages: what succeeded, and refusals that a definition answers in band. */
import { answerName, escapeAttribute, type SoapMethod } from "../../contract/soap/index.ts";
import type { DocumentData } from "../../pipeline/document-data.ts";
import type { Result } from "../../pipeline/call.ts";
import type { ToldRefusal } from "../../pipeline/told.ts";
import { envelopeNamespaces, type SoapVersion, xsi } from "./namespaces.ts";
import { compileWriter } from "./write.ts";

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
  // In band elements are written by what they hold then, not by their fields.
  const constant = method.answer.map((element) => ({
    ...element,
    key: element.name,
    ...(element.value === undefined ? {} : { value: undefined }),
  }));
  let writeConstant: ReturnType<typeof compileWriter> | undefined;
  return {
    success: (version, result) => message(version, write(recordOf(method, result))),
    inBand(version, { error }) {
      const record: Record<string, unknown> = {};
      for (const { name: element, key, refused } of method.answer) {
        if (refused === "type") record[element] = error.type;
        else if (refused === "message") record[element] = error.message;
        else if (refused !== undefined) record[element] = refused.value;
        else record[element] = (key === undefined ? undefined : error.details?.[key]) ?? null;
      }
      writeConstant ??= compileWriter(
        constant.map(({ value: _value, ...element }, at) => {
          const refused = method.answer[at]?.refused;
          // A value of the definition is as the wire has it, not as the field has it.
          const isGiven = refused !== undefined;
          const { content } = element;
          if (!isGiven || content.kind !== "single" || content.type.kind !== "simple") return element;
          return { ...element, content: { ...content, type: { ...content.type, isPlain: false, write: String } } };
        }),
      );
      return message(version, writeConstant(record));
    },
  };
};
