/**
 * Scalars beyond GraphQL's own. What they hold is for the pipeline to judge, which refuses the same values with the same words on every channel: here a value
 * is only taken from its literal without losing a digit.
 */
import { GraphQLScalarType, Kind, type ValueNode } from "graphql";

/** A literal as JSON has it; whole numbers beyond 2^53−1 stay digits. */
const literalOf = (node: ValueNode, variables: Readonly<Record<string, unknown>> | null | undefined): unknown => {
  switch (node.kind) {
    case Kind.NULL:
      return null;
    case Kind.INT: {
      const number = Number(node.value);
      return Number.isSafeInteger(number) ? number : BigInt(node.value);
    }
    case Kind.FLOAT:
      return Number(node.value);
    case Kind.STRING:
    case Kind.BOOLEAN:
    case Kind.ENUM:
      return node.value;
    case Kind.LIST:
      return node.values.map((value) => literalOf(value, variables));
    case Kind.OBJECT: {
      const object: Record<string, unknown> = {};
      for (const { name, value } of node.fields)
        Object.defineProperty(object, name.value, {
          value: literalOf(value, variables),
          enumerable: true,
          configurable: true,
          writable: true,
        });
      return object;
    }
    case Kind.VARIABLE:
      return variables?.[node.name.value];
  }
};

/** Numbers keep the digits they were written with. */
const exactLiteralOf = (node: ValueNode, variables: Readonly<Record<string, unknown>> | null | undefined): unknown =>
  node.kind === Kind.INT || node.kind === Kind.FLOAT ? node.value : literalOf(node, variables);

const scalar = (
  name: string,
  description: string,
  more: { readonly url?: string; readonly literal?: typeof literalOf } = {},
): GraphQLScalarType =>
  new GraphQLScalarType({
    name,
    description,
    ...(more.url === undefined ? {} : { specifiedByURL: more.url }),
    serialize: (value) => value,
    parseValue: (value) => value,
    parseLiteral: more.literal ?? literalOf,
  });

export const Money = scalar(
  "Money",
  'Whole minor units of a currency, exact, as a string of digits: "1250" is 12.50 EUR. Numbers are accepted up to 2^53−1.',
  { literal: exactLiteralOf },
);
export const BigInteger = scalar("BigInt", "A whole number of any size, as a string of digits.", { literal: exactLiteralOf });
export const Integer = scalar("Integer", "A whole number up to ±(2^53−1).");
export const Decimal = scalar("Decimal", 'An exact decimal number as a string: "12.50". Numbers are accepted.', {
  literal: exactLiteralOf,
});
export const DateOnly = scalar("Date", 'A day: "2026-01-31".', { url: "https://scalars.graphql.org/andimarek/local-date.html" });
export const DateTime = scalar("DateTime", 'RFC 3339; any offset is accepted, UTC answered: "2026-01-31T09:30:00.000Z".', {
  url: "https://scalars.graphql.org/andimarek/date-time.html",
});
export const Duration = scalar("Duration", 'ISO 8601: "P1DT2H".');
export const Bytes = scalar("Bytes", "Base64 (RFC 4648 section 4).");
export const Json = scalar("JSON", "Any JSON value.", { url: "https://www.rfc-editor.org/rfc/rfc8259" });
