/** Checks values against the schemas of an OpenAPI document, whose parts refer to one another under `#/components/schemas`. */
import Schema from "typebox/schema";

type Json = Readonly<Record<string, unknown>>;

const localRefs = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value).replaceAll('"#/components/schemas/', '"#/$defs/')) as unknown;

/** The value at a reference such as `#/components/responses/NotFound`; a part without a reference is itself. */
export const resolvePart = (document: Json, part: unknown): Json => {
  const reference = (part as { readonly $ref?: string }).$ref;
  if (reference === undefined) return part as Json;
  let at: unknown = document;
  for (const step of reference.slice(2).split("/")) at = (at as Json)[step];
  return at as Json;
};

/** Makes checks of the document's schemas: what is wrong with a value, empty when nothing is. */
export const schemaChecker = (document: Json): ((schema: unknown, value: unknown) => string) => {
  const $defs = localRefs((document["components"] as Json)["schemas"]) as Json;
  return (schema, value) => {
    const whole = { ...(localRefs(schema) as Json), $defs };
    if (Schema.Check(whole, value)) return "";
    const [, errors] = Schema.Errors(whole, value);
    return JSON.stringify(errors.slice(0, 3));
  };
};
