/**
 * Compiles an operation into a plan: fields are collected as the GraphQL specification has it (section 6.3.2), fragments spread, `@skip` and `@include`
 * decided, selections of the same field merged. Bounds: depth, fields and root fields of an operation, counted with its fragments spread.
 */
import {
  type DirectiveNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  getArgumentValues,
  getDirectiveValues,
  getNamedType,
  type GraphQLField,
  GraphQLIncludeDirective,
  GraphQLObjectType,
  type GraphQLSchema,
  GraphQLSkipDirective,
  type GraphQLUnionType,
  isAbstractType,
  isNonNullType,
  Kind,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
  typeFromAST,
  type ValueNode,
} from "graphql";
import { graphqlLimits } from "./limits.ts";
import {
  type Arguments,
  type Choice,
  type ConnectionPart,
  type ConnectionPlan,
  type NamedPart,
  type PagePart,
  type Part,
  type PayloadPart,
  type Plan,
  type Root,
  type Selection,
  slotOf,
} from "./plan.ts";
import { beyond } from "./problem.ts";
import { type Meta, metaOf } from "./schema/meta.ts";

type Variables = Readonly<Record<string, unknown>>;

interface Collected {
  readonly key: string;
  readonly nodes: FieldNode[];
}

const hasVariable = (node: ValueNode): boolean => {
  if (node.kind === Kind.VARIABLE) return true;
  if (node.kind === Kind.LIST) return node.values.some(hasVariable);
  return node.kind === Kind.OBJECT && node.fields.some(({ value }) => hasVariable(value));
};

/** Names of the variables that `@skip` and `@include` of a document look at. */
export const conditionVariables = (document: DocumentNode): readonly string[] => {
  const names = new Set<string>();
  const look = (directives: readonly DirectiveNode[] | undefined): void => {
    for (const { arguments: given = [] } of directives ?? [])
      for (const { value } of given) if (value.kind === Kind.VARIABLE) names.add(value.name.value);
  };
  const walk = ({ selections }: SelectionSetNode): void => {
    for (const selection of selections) {
      look(selection.directives);
      if (selection.kind !== Kind.FRAGMENT_SPREAD && selection.selectionSet !== undefined) walk(selection.selectionSet);
    }
  };
  for (const definition of document.definitions) {
    if (definition.kind === Kind.OPERATION_DEFINITION || definition.kind === Kind.FRAGMENT_DEFINITION)
      walk(definition.selectionSet);
  }
  return [...names];
};

const rootOf = (schema: GraphQLSchema, { operation }: OperationDefinitionNode): GraphQLObjectType | undefined => {
  const type = { query: schema.getQueryType(), mutation: schema.getMutationType(), subscription: schema.getSubscriptionType() }[
    operation
  ];
  return type ?? undefined;
};

class Compiler {
  readonly #schema: GraphQLSchema;
  readonly #fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  readonly #variables: Variables;
  #fields = 0;

  constructor(schema: GraphQLSchema, document: DocumentNode, variables: Variables) {
    this.#schema = schema;
    this.#variables = variables;
    this.#fragments = new Map(
      document.definitions.flatMap((definition) =>
        definition.kind === Kind.FRAGMENT_DEFINITION ? [[definition.name.value, definition] as const] : [],
      ),
    );
  }

  plan(operation: OperationDefinitionNode): Plan {
    const type = rootOf(this.#schema, operation);
    if (type === undefined) throw new Error(`a schema without ${operation.operation}`);
    const fields = this.#collect(type, [operation.selectionSet]);
    if (fields.length > graphqlLimits.rootFieldsMax)
      throw beyond("fields of the root", graphqlLimits.rootFieldsMax, fields.length);
    const roots = fields.map((field) => this.#root(type, field));
    return { operation: operation.operation, roots, hasIntrospection: roots.some(({ kind }) => kind === "introspection") };
  }

  #isIncluded(node: SelectionNode): boolean {
    if (node.directives === undefined || node.directives.length === 0) return true;
    if (getDirectiveValues(GraphQLSkipDirective, node, this.#variables)?.["if"] === true) return false;
    return getDirectiveValues(GraphQLIncludeDirective, node, this.#variables)?.["if"] !== false;
  }

  #collect(type: GraphQLObjectType, sets: readonly SelectionSetNode[]): readonly Collected[] {
    const collected = new Map<string, Collected>();
    const spread = new Set<string>();
    const applies = (condition: FragmentDefinitionNode["typeCondition"] | undefined): boolean => {
      if (condition === undefined) return true;
      const wanted = typeFromAST(this.#schema, condition);
      return wanted === type || (isAbstractType(wanted) && this.#schema.isSubType(wanted, type));
    };
    const walk = ({ selections }: SelectionSetNode): void => {
      for (const selection of selections) {
        if (++this.#fields > graphqlLimits.fieldsMax) throw beyond("selected fields", graphqlLimits.fieldsMax);
        if (!this.#isIncluded(selection)) continue;
        if (selection.kind === Kind.FIELD) {
          const key = selection.alias?.value ?? selection.name.value;
          const known = collected.get(key);
          if (known === undefined) collected.set(key, { key, nodes: [selection] });
          else known.nodes.push(selection);
        } else if (selection.kind === Kind.INLINE_FRAGMENT) {
          if (applies(selection.typeCondition)) walk(selection.selectionSet);
        } else {
          const name = selection.name.value;
          const fragment = spread.has(name) ? undefined : this.#fragments.get(name);
          spread.add(name);
          if (fragment !== undefined && applies(fragment.typeCondition)) walk(fragment.selectionSet);
        }
      }
    };
    for (const set of sets) walk(set);
    return [...collected.values()];
  }

  #fieldOf(
    type: GraphQLObjectType,
    { nodes }: Collected,
  ): { readonly field: GraphQLField<unknown, unknown>; readonly meta: Meta | undefined; readonly node: FieldNode } {
    const node = nodes[0] as FieldNode;
    const field = type.getFields()[node.name.value];
    if (field === undefined) throw new Error(`${type.name} has no field ${node.name.value}`);
    return { field, meta: metaOf(field), node };
  }

  #args(field: GraphQLField<unknown, unknown>, node: FieldNode): Arguments {
    const isFixed = node.arguments?.some(({ value }) => hasVariable(value)) !== true;
    return { field, node, fixed: isFixed ? getArgumentValues(field, node, {}) : undefined };
  }

  #selected({ nodes }: Collected): readonly SelectionSetNode[] {
    return nodes.flatMap(({ selectionSet }) => (selectionSet === undefined ? [] : [selectionSet]));
  }

  #selection(type: GraphQLObjectType, sets: readonly SelectionSetNode[]): Selection {
    const parts = this.#collect(type, sets).map((field) => this.#part(type, field));
    const sources = new Set<string>();
    let isWhole = false;
    for (const part of parts) {
      if (part.kind === "etag") isWhole = true;
      else if (part.kind === "many") sources.add("id");
      else if (part.kind !== "typename") sources.add(part.source);
    }
    return {
      type,
      parts,
      slots: parts.map(slotOf),
      sources: isWhole ? undefined : [...sources],
      isPlain: parts.every(
        (part) => part.kind !== "one" && part.kind !== "many" && (part.kind !== "object" || part.selection.isPlain),
      ),
    };
  }

  #part(type: GraphQLObjectType, collected: Collected): Part {
    const { key } = collected;
    if (collected.nodes[0]?.name.value === "__typename")
      return { kind: "typename", key, node: collected.nodes[0], name: type.name };
    const { field, meta, node } = this.#fieldOf(type, collected);
    const isRequired = isNonNullType(field.type);
    const inner = (): Selection => this.#selection(getNamedType(field.type) as GraphQLObjectType, this.#selected(collected));
    switch (meta?.kind) {
      case "leaf":
        return { kind: "leaf", key, node, source: meta.source, convert: meta.convert, isRequired };
      case "object":
        return { kind: "object", key, node, source: meta.source, isList: meta.isList, isRequired, selection: inner() };
      case "one":
        return { kind: "one", key, node, source: meta.source, operation: meta.operation, selection: inner() };
      case "many":
        return { kind: "many", key, node, meta, args: this.#args(field, node), connection: this.#connection(field, collected) };
      case "etag":
        return { kind: "etag", key, node };
      default:
        throw new Error(`${type.name}.${node.name.value} is no part of a row`);
    }
  }

  #connection(field: GraphQLField<unknown, unknown>, collected: Collected): ConnectionPlan {
    const type = getNamedType(field.type) as GraphQLObjectType;
    const parts = this.#collect(type, this.#selected(collected)).map((part) => this.#connectionPart(type, part));
    const selections = parts.flatMap((part) =>
      part.kind === "nodes"
        ? [part.selection]
        : part.kind === "edges"
          ? part.parts.flatMap((one) => ("selection" in one ? [one.selection] : []))
          : [],
    );
    const pages = new Set(parts.flatMap((part) => (part.kind === "pageInfo" ? part.parts.map(({ name }) => name) : [])));
    const isWhole = selections.some(({ sources }) => sources === undefined);
    return {
      typename: type.name,
      parts,
      sources: isWhole ? undefined : [...new Set(["id", ...selections.flatMap(({ sources }) => sources ?? [])])],
      needs: {
        cursors:
          pages.has("startCursor") ||
          pages.has("endCursor") ||
          parts.some((part) => part.kind === "edges" && part.parts.some(({ name }) => name === "cursor")),
        total: pages.has("totalPages") || parts.some(({ kind }) => kind === "total"),
        next: pages.has("hasNextPage"),
      },
    };
  }

  #connectionPart(type: GraphQLObjectType, collected: Collected): ConnectionPart {
    const { key } = collected;
    if (collected.nodes[0]?.name.value === "__typename") return { kind: "typename", key };
    const { field, meta } = this.#fieldOf(type, collected);
    const inner = getNamedType(field.type) as GraphQLObjectType;
    const named = <Name extends string>(): NamedPart<Name>[] =>
      this.#collect(inner, this.#selected(collected)).map((part) => ({ key: part.key, name: part.nodes[0]?.name.value as Name }));
    switch (meta?.kind) {
      case "nodes":
        return { kind: "nodes", key, selection: this.#selection(inner, this.#selected(collected)) };
      case "edges":
        return {
          kind: "edges",
          key,
          typename: inner.name,
          parts: this.#collect(inner, this.#selected(collected)).map((part) => {
            const name = part.nodes[0]?.name.value as "cursor" | "node" | "__typename";
            if (name !== "node") return { key: part.key, name };
            const row = getNamedType(this.#fieldOf(inner, part).field.type) as GraphQLObjectType;
            return { key: part.key, name, selection: this.#selection(row, this.#selected(part)) };
          }),
        };
      case "pageInfo":
        return { kind: "pageInfo", key, parts: named<PagePart>() };
      case "total":
        return { kind: "total", key };
      default:
        throw new Error(`${type.name}.${field.name} is no part of a connection`);
    }
  }

  /** What is selected of each type that it may turn out to be. */
  #choice(collected: Collected): Choice {
    const known = new Map<GraphQLObjectType, Selection>();
    return {
      of: (type) => {
        let selection = known.get(type);
        if (selection === undefined) {
          this.#fields = 0;
          known.set(type, (selection = this.#selection(type, this.#selected(collected))));
        }
        return selection;
      },
    };
  }

  #root(type: GraphQLObjectType, collected: Collected): Root {
    const { key } = collected;
    const first = collected.nodes[0] as FieldNode;
    if (first.name.value === "__typename") return { kind: "typename", key, node: first, name: type.name };
    if (first.name.value.startsWith("__")) return this.#introspection(collected);
    const { field, meta, node } = this.#fieldOf(type, collected);
    const base = { key, node, args: this.#args(field, node) };
    const named = getNamedType(field.type);
    const inner = named instanceof GraphQLObjectType ? named : undefined;
    const selected = (): Selection | undefined =>
      inner === undefined ? undefined : this.#selection(inner, this.#selected(collected));
    const whole = (): Selection => this.#selection(inner as GraphQLObjectType, this.#selected(collected));
    switch (meta?.kind) {
      case "list":
        return { ...base, kind: "list", meta, connection: this.#connection(field, collected) };
      case "get":
        return { ...base, kind: "get", operation: meta.operation, selection: whole() };
      case "byId":
        return { ...base, kind: "byId", meta, choice: this.#choice(collected) };
      case "value":
        return { ...base, kind: "value", operation: meta.operation, convert: meta.convert, selection: selected() };
      case "read":
        return {
          ...base,
          kind: "read",
          operation: meta.operation,
          convert: meta.convert,
          isList: meta.operation.output.kind === "rows",
          selection: selected(),
        };
      case "command":
        return {
          ...base,
          kind: "command",
          operation: meta.operation,
          parts: this.#payload(inner as GraphQLObjectType, collected),
        };
      case "event":
        return { ...base, kind: "event", type: meta.type, selection: whole() };
      default:
        throw new Error(`${type.name}.${node.name.value} is no field of a root`);
    }
  }

  /** Only counted: graphql-js answers it. */
  #introspection({ key, nodes }: Collected): Root {
    const walk = (set: SelectionSetNode | undefined, depth: number): void => {
      for (const selection of set?.selections ?? []) {
        if (++this.#fields > graphqlLimits.fieldsMax || depth > graphqlLimits.depthMax)
          throw beyond("selected fields", graphqlLimits.fieldsMax);
        if (selection.kind === Kind.FRAGMENT_SPREAD) walk(this.#fragments.get(selection.name.value)?.selectionSet, depth + 1);
        else walk(selection.selectionSet, depth + 1);
      }
    };
    for (const { selectionSet } of nodes) walk(selectionSet, 0);
    return { kind: "introspection", key, node: nodes[0] as FieldNode };
  }

  #payload(type: GraphQLObjectType, collected: Collected): readonly PayloadPart[] {
    return this.#collect(type, this.#selected(collected)).map((part): PayloadPart => {
      const { key } = part;
      if (part.nodes[0]?.name.value === "__typename") return { kind: "typename", key, name: type.name };
      const { field, meta, node } = this.#fieldOf(type, part);
      const inner = getNamedType(field.type);
      switch (meta?.kind) {
        case "answer":
          return {
            kind: "answer",
            key,
            node,
            isList: meta.isList,
            convert: meta.convert,
            selection: inner instanceof GraphQLObjectType ? this.#selection(inner, this.#selected(part)) : undefined,
          };
        case "done":
        case "status":
        case "replayed":
          return { kind: meta.kind, key };
        case "refusal":
          return { kind: "refusal", key, node, union: inner as GraphQLUnionType, choice: this.#choice(part) };
        default:
          throw new Error(`${type.name}.${field.name} is no part of a payload`);
      }
    });
  }
}

/** Compiles an operation of a valid document. Throws `Problem` where it goes beyond a limit. */
export const compilePlan = (
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Variables,
): Plan => new Compiler(schema, document, variables).plan(operation);
