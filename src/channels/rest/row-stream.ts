/**
 * Whole lists as a stream: NDJSON and CSV, row by row from the store to the socket. Backpressure reaches the store (a slow reader slows the
 * scan), a reader that leaves ends it, and an error on the way cuts the connection, so that no part is taken for the whole.
 */
import type { Call } from "../../pipeline/call.ts";
import type { Fields } from "../../define/field.ts";
import type { Refusal } from "../../pipeline/refusal.ts";
import type { Pipeline } from "../../pipeline/pipeline.ts";
import type { OperationEndpoint } from "./endpoint.ts";
import type { Exchange } from "./exchange.ts";
import type { PlainValue } from "./formats/index.ts";
import { isObject } from "./input.ts";
import type { Answer } from "./send.ts";

/** Columns of fields: objects become dotted names. */
const columnsOf = (fields: Fields, names: readonly string[], prefix = ""): string[] =>
  names.flatMap((name) => {
    const nested = fields[name]?.kind === "object" ? fields[name].fields : undefined;
    return nested === undefined ? [`${prefix}${name}`] : columnsOf(nested, Object.keys(nested), `${prefix}${name}.`);
  });

/** Fields of any JSON stand as JSON in their one cell: their shape differs from row to row. */
const jsonInCells = (fields: Fields): ((row: unknown) => unknown) => {
  const names = Object.entries(fields).flatMap(([name, field]) => (field.kind === "json" ? [name] : []));
  if (names.length === 0) return (row) => row;
  return (row) => {
    if (!isObject(row)) return row;
    const copy: Record<string, unknown> = { ...row };
    for (const name of names) if (isObject(copy[name])) copy[name] = JSON.stringify(copy[name]);
    return copy;
  };
};

async function* rowsOf(
  chunks: AsyncIterable<readonly unknown[]>,
  map: (row: unknown) => unknown,
): AsyncGenerator<PlainValue, void, undefined> {
  for await (const chunk of chunks) for (const row of chunk) yield map(row) as PlainValue;
}

/** The answer that streams `call`, or its refusal. HEAD learns whether it would be answered, and gets no body. */
export const answerStream = async (
  exchange: Exchange,
  pipeline: Pipeline,
  endpoint: OperationEndpoint,
  call: Call,
): Promise<Answer | Refusal> => {
  const { format } = exchange.output;
  if (format.stream === undefined) throw new Error(`format ${format.name} does not stream`);
  const opened = await pipeline.stream(call);
  if (!opened.ok) return opened.refusal;
  const head = { status: 200, contentType: format.contentType, isRead: true } as const;
  if (exchange.request.method === "HEAD") {
    await opened.rows[Symbol.asyncIterator]().return?.();
    return head;
  }
  const fields = exchange.version?.contract.resources.get(endpoint.operation.resource?.name ?? "")?.fields ?? {};
  const isCsv = format.name === "csv";
  const rows = rowsOf(opened.rows, isCsv ? jsonInCells(fields) : (row) => row);
  // Without names of fields, those of the first row stand.
  const columns = isCsv && opened.fields !== undefined ? { columns: columnsOf(fields, opened.fields) } : {};
  return { ...head, body: format.stream(rows, columns) };
};
