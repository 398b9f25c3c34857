/** Bodies in every format the REST channel reads and writes, by media type. The schema is that of the JSON form; the other formats carry the same values. */
import type { Json } from "./components.ts";

export type SpecVersion = "3.1.2" | "3.2.0";

const whole = ["application/json", "application/xml", "application/yaml", "application/msgpack"] as const;
const problems = ["application/problem+json", "application/problem+xml"] as const;

export interface MediaExample {
  readonly example?: unknown;
}

const withExample = (schema: Json, example: unknown): Json => ({ schema, ...(example === undefined ? {} : { example }) });

/** Only JSON shows the example: its text is the example of the others too. */
const allOf = (types: readonly string[], schema: Json, example: unknown): Json =>
  Object.fromEntries(types.map((type) => [type, withExample(schema, type === "application/json" ? example : undefined)]));

/** An answer. */
export const answerContent = (schema: Json, { example }: MediaExample = {}): Json => allOf(whole, schema, example);

/** An answer that is a list: also CSV and NDJSON, which have no envelope. */
export const listContent = (schema: Json, row: Json, specVersion: SpecVersion, { example }: MediaExample = {}): Json => ({
  ...answerContent(schema, { example }),
  "text/csv": {
    schema: { type: "string", description: "A line of field names, then one line per row (RFC 4180); no envelope." },
  },
  "application/x-ndjson":
    specVersion === "3.2.0"
      ? { itemSchema: row }
      : { schema: { type: "string", description: "One JSON object per line; no envelope, no total." } },
});

const textual = /^text\/|[/+](?:json|xml)$/;

/** An answer that is a file of one of several types, whatever `Accept` says. */
export const documentContent = (mediaTypes: readonly string[]): Json =>
  Object.fromEntries(mediaTypes.map((type) => [type, { schema: textual.test(type) ? { type: "string" } : {} }]));

/** A request body. `many`: a list makes sense, so CSV and NDJSON are read. `patch`: RFC 7396 and RFC 6902. */
export const bodyContent = (
  schema: Json,
  options: { readonly example?: unknown; readonly many?: boolean; readonly patch?: Json } = {},
): Json => ({
  ...allOf(whole, schema, options.example),
  ...(options.many === true
    ? {
        "text/csv": { schema: { type: "string", description: "A line of field names, then one line per row (RFC 4180)." } },
        "application/x-ndjson": { schema: { type: "string", description: "One JSON object per line." } },
      }
    : {}),
  ...(options.patch === undefined
    ? {}
    : { "application/merge-patch+json": { schema }, "application/json-patch+json": { schema: options.patch } }),
});

/** A refusal: the envelope, or an RFC 9457 document for those who ask for it. */
export const refusalContent = (envelope: Json, problem: Json, example: unknown): Json => ({
  ...allOf(whole, envelope, example),
  ...allOf(problems, problem, undefined),
});
