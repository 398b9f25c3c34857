/**
 * What the fields of a schema stand for: how the executor comes by their values. Each field of a schema has one, as an extension of the field.
 *
 *   accounts(first: 20)       list        edges, nodes, pageInfo, totalCount: parts of it
 *     customer                one         a row that a reference names
 *     transfers(first: 10)    many        a list that belongs to a row
 *     name, status            leaf        a value of the row
 *     address                 object      a value with fields of its own
 */
import type { GraphQLArgument, GraphQLField, GraphQLInputField, GraphQLObjectType } from "graphql";
import type { Operation } from "../../../contract/contract.ts";

/** A value as GraphQL has it; `undefined`: it has no form there, as where a mask stands in place of a number. */
export type Convert = (value: unknown) => unknown;

/** A read whose root is a connection: of all rows, or of those of one parent. */
interface ListMeta {
  readonly operation: Operation;
  /** Rows of a page that says nothing, and of the largest. */
  readonly perPage: number;
  readonly maxPerPage: number;
}

export type Meta =
  | { readonly kind: "leaf"; readonly source: string; readonly convert?: Convert | undefined }
  | { readonly kind: "object"; readonly source: string; readonly isList: boolean }
  | { readonly kind: "one"; readonly source: string; readonly operation: Operation }
  | (ListMeta & { readonly kind: "many"; readonly resource: string; readonly relation: string })
  | { readonly kind: "etag" }
  /** Parts of a connection and of its edges. */
  | { readonly kind: "edges" | "nodes" | "pageInfo" | "total" | "cursor" | "node" }
  /** Fields of the query's root. */
  | (ListMeta & { readonly kind: "list" })
  | { readonly kind: "get"; readonly operation: Operation }
  | {
      readonly kind: "byId";
      readonly types: ReadonlyMap<string, { readonly type: GraphQLObjectType; readonly operation: Operation }>;
    }
  | { readonly kind: "value"; readonly operation: Operation; readonly convert?: Convert | undefined }
  | { readonly kind: "read"; readonly operation: Operation; readonly convert?: Convert | undefined }
  /** Of the mutation's, and of its payloads: what the command answers, a value of the answer as a whole, its refusal. */
  | { readonly kind: "command"; readonly operation: Operation }
  | { readonly kind: "answer"; readonly isList: boolean; readonly convert?: Convert | undefined }
  | { readonly kind: "done" | "status" | "replayed" | "refusal" }
  /** Of the subscription's: one type of events. */
  | { readonly kind: "event"; readonly type: string };

export const metaKey = "pons";

export const metaOf = ({ extensions }: Pick<GraphQLField<unknown, unknown>, "extensions">): Meta | undefined =>
  extensions[metaKey] as Meta | undefined;

export const meta = (value: Meta): { readonly extensions: { readonly [metaKey]: Meta } } => ({
  extensions: { [metaKey]: value },
});

/** Where a field of an input stands in the definition: the path of a condition or an order. */
export const pathOf = ({ extensions }: GraphQLInputField | GraphQLArgument): string | undefined =>
  extensions[metaKey] as string | undefined;

export const path = (value: string): { readonly extensions: { readonly [metaKey]: string } } => ({
  extensions: { [metaKey]: value },
});

/** Types of refusals by the type of the refusal; `""`: any other. An extension of the union. */
export type RefusalTypes = ReadonlyMap<string, GraphQLObjectType>;
