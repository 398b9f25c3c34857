/**
 * A plan: an operation of a document, compiled for the executor. What is selected of each kind of object, in the order of the answer; which fields of a row are
 * needed for it; which calls it takes. Made once per document and reused, as long as nothing of it hangs on variables but arguments.
 */
import type { ArgumentNode, FieldNode, GraphQLField, GraphQLObjectType, GraphQLUnionType, OperationTypeNode } from "graphql";
import type { Operation } from "../../contract/contract.ts";
import type { Convert, Meta } from "./schema/meta.ts";

/** Arguments of a field; `fixed` where no variable stands in them. */
export interface Arguments {
  readonly field: GraphQLField<unknown, unknown>;
  readonly node: FieldNode;
  readonly fixed: Readonly<Record<string, unknown>> | undefined;
}

interface PartBase {
  /** Its name in the answer. */
  readonly key: string;
  readonly node: FieldNode;
}

/** One selected field of an object. */
export type Part =
  | (PartBase & { readonly kind: "typename"; readonly name: string })
  | (PartBase & {
      readonly kind: "leaf";
      readonly source: string;
      readonly convert: Convert | undefined;
      readonly isRequired: boolean;
    })
  | (PartBase & {
      readonly kind: "object";
      readonly source: string;
      readonly isList: boolean;
      readonly isRequired: boolean;
      readonly selection: Selection;
    })
  | (PartBase & { readonly kind: "one"; readonly source: string; readonly operation: Operation; readonly selection: Selection })
  | (PartBase & { readonly kind: "many"; readonly meta: ManyMeta; readonly args: Arguments; readonly connection: ConnectionPlan })
  | (PartBase & { readonly kind: "etag" });

export type ManyMeta = Extract<Meta, { kind: "many" }>;

/** A part as rows are put into their form: all alike, so that going over them is fast. */
export interface Slot {
  readonly key: string;
  /** Of a leaf. */
  readonly leaf: Extract<Part, { kind: "leaf" }> | undefined;
  readonly source: string;
  readonly convert: Convert | undefined;
  readonly isRequired: boolean;
  /** Of what is no leaf: the name of the type, null for what is filled in later; `undefined`: the row's tag. */
  readonly constant: string | null | undefined;
}

export const slotOf = (part: Part): Slot => {
  const leaf = part.kind === "leaf" ? part : undefined;
  return {
    key: part.key,
    leaf,
    source: leaf?.source ?? "",
    convert: leaf?.convert,
    isRequired: leaf?.isRequired ?? false,
    constant: part.kind === "typename" ? part.name : part.kind === "etag" ? undefined : null,
  };
};

/** What is selected of an object. */
export interface Selection {
  readonly type: GraphQLObjectType;
  readonly parts: readonly Part[];
  /** One for each part. */
  readonly slots: readonly Slot[];
  /** Fields of the row that are read for it; `undefined`: the whole row. */
  readonly sources: readonly string[] | undefined;
  /** Whether any part takes a call. */
  readonly isPlain: boolean;
}

/** Parts of a page's place in its list. */
export type PagePart =
  "hasNextPage" | "hasPreviousPage" | "startCursor" | "endCursor" | "currentPage" | "totalPages" | "perPage" | "maxPerPage";

export interface NamedPart<Name extends string> {
  readonly key: string;
  readonly name: Name | "__typename";
}

export type ConnectionPart =
  | { readonly kind: "typename"; readonly key: string }
  | { readonly kind: "nodes"; readonly key: string; readonly selection: Selection }
  | {
      readonly kind: "edges";
      readonly key: string;
      readonly typename: string;
      /** In the order of the answer; `node` with what is selected of it. */
      readonly parts: readonly (
        NamedPart<"cursor"> | { readonly key: string; readonly name: "node"; readonly selection: Selection }
      )[];
    }
  | { readonly kind: "pageInfo"; readonly key: string; readonly parts: readonly NamedPart<PagePart>[] }
  | { readonly kind: "total"; readonly key: string };

export interface ConnectionPlan {
  readonly typename: string;
  readonly parts: readonly ConnectionPart[];
  readonly sources: readonly string[] | undefined;
  readonly needs: { readonly cursors: boolean; readonly total: boolean; readonly next: boolean };
}

/** What is selected of something whose type is known only when it is there. */
export interface Choice {
  of(type: GraphQLObjectType): Selection;
}

export type PayloadPart =
  | { readonly kind: "typename"; readonly key: string; readonly name: string }
  | {
      readonly kind: "answer";
      readonly key: string;
      readonly node: FieldNode;
      readonly isList: boolean;
      readonly convert: Convert | undefined;
      readonly selection: Selection | undefined;
    }
  | { readonly kind: "done" | "status" | "replayed"; readonly key: string }
  | {
      readonly kind: "refusal";
      readonly key: string;
      readonly node: FieldNode;
      readonly union: GraphQLUnionType;
      readonly choice: Choice;
    };

interface RootBase extends PartBase {
  readonly args: Arguments;
}

type MetaOf<Kind extends Meta["kind"]> = Extract<Meta, { kind: Kind }>;

/** One field of an operation's root: a call. */
export type Root =
  | (RootBase & { readonly kind: "list"; readonly meta: MetaOf<"list">; readonly connection: ConnectionPlan })
  | (RootBase & { readonly kind: "get"; readonly operation: Operation; readonly selection: Selection })
  | (RootBase & { readonly kind: "byId"; readonly meta: MetaOf<"byId">; readonly choice: Choice })
  | (RootBase & {
      readonly kind: "value";
      readonly operation: Operation;
      readonly convert: Convert | undefined;
      readonly selection: Selection | undefined;
    })
  | (RootBase & {
      readonly kind: "read";
      readonly operation: Operation;
      readonly convert: Convert | undefined;
      readonly isList: boolean;
      readonly selection: Selection | undefined;
    })
  | (RootBase & { readonly kind: "command"; readonly operation: Operation; readonly parts: readonly PayloadPart[] })
  | (RootBase & { readonly kind: "event"; readonly type: string; readonly selection: Selection })
  | (PartBase & { readonly kind: "typename"; readonly name: string })
  | (PartBase & { readonly kind: "introspection" });

export interface Plan {
  readonly operation: OperationTypeNode;
  readonly roots: readonly Root[];
  readonly hasIntrospection: boolean;
}

export type { ArgumentNode };
