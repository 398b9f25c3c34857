/**
 * Documents: parsed, held within their limits, validated, and kept so that each is read once. What is asked for again and again costs a look-up.
 *
 * Refused before validation, as validation itself takes long for what is made to take long: tokens, aliases, directives, fragments, depth.
 */
import {
  type DocumentNode,
  type FragmentDefinitionNode,
  GraphQLError,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
  parse,
  type SelectionSetNode,
  validate,
  visit,
} from "graphql";
import { BoundedCache } from "../http/bounded-cache.ts";
import { compilePlan, conditionVariables } from "./compile.ts";
import { graphqlLimits } from "./limits.ts";
import type { Plan } from "./plan.ts";
import { beyond, Problem } from "./problem.ts";

/** Errors of validation and of variables that are told. */
const flawsMax = 20;

const parsed = (text: string): DocumentNode => {
  try {
    return parse(text, { maxTokens: graphqlLimits.tokensMax });
  } catch (error) {
    if (error instanceof GraphQLError) throw new Problem("invalid_request", [error]);
    // Nested so deeply that the parser's stack does not reach.
    if (error instanceof RangeError) throw beyond("depth", graphqlLimits.depthMax);
    throw error;
  }
};

/**
 * Walks the selections of an operation as they will be merged, fragments spread: depth, and how many pairs of fields validation has to compare. Of what type a
 * fragment is does not matter here.
 */
class Merging {
  readonly #fragments = new Map<string, FragmentDefinitionNode>();
  #fields = 0;
  #overlaps = 0;

  constructor(document: DocumentNode) {
    for (const definition of document.definitions)
      if (definition.kind === Kind.FRAGMENT_DEFINITION) this.#fragments.set(definition.name.value, definition);
  }

  check(sets: readonly SelectionSetNode[], depth = 1): void {
    if (depth > graphqlLimits.depthMax) throw beyond("depth", graphqlLimits.depthMax);
    const byName = new Map<string, { count: number; readonly sets: SelectionSetNode[] }>();
    const spread = new Set<string>();
    const pending = [...sets];
    for (let set = pending.pop(); set !== undefined; set = pending.pop()) {
      for (const selection of set.selections) {
        if (++this.#fields > graphqlLimits.fieldsMax) throw beyond("selected fields", graphqlLimits.fieldsMax);
        if (selection.kind === Kind.INLINE_FRAGMENT) pending.push(selection.selectionSet);
        else if (selection.kind === Kind.FRAGMENT_SPREAD) {
          const name = selection.name.value;
          const fragment = spread.has(name) ? undefined : this.#fragments.get(name);
          spread.add(name);
          if (fragment !== undefined) pending.push(fragment.selectionSet);
        } else {
          const name = selection.alias?.value ?? selection.name.value;
          const known = byName.get(name) ?? { count: 0, sets: [] };
          byName.set(name, known);
          this.#overlaps += known.count++;
          if (this.#overlaps > graphqlLimits.overlapsMax) throw beyond("fields of the same name", graphqlLimits.overlapsMax);
          if (selection.selectionSet !== undefined) known.sets.push(selection.selectionSet);
        }
      }
    }
    for (const { sets: inner } of byName.values()) if (inner.length > 0) this.check(inner, depth + 1);
  }
}

/** Of every operation, and of fragments, which validation looks at as well. */
const checkMerged = (document: DocumentNode): void => {
  for (const definition of document.definitions)
    if (definition.kind === Kind.OPERATION_DEFINITION || definition.kind === Kind.FRAGMENT_DEFINITION)
      new Merging(document).check([definition.selectionSet]);
};

const checkCounts = (document: DocumentNode): void => {
  let aliases = 0;
  let directives = 0;
  let fields = 0;
  let fragments = 0;
  visit(document, {
    Field: (node) => {
      fields++;
      if (node.alias !== undefined) aliases++;
    },
    Directive: () => void directives++,
    FragmentDefinition: () => void fragments++,
  });
  const { aliasesMax, directivesMax, fieldsMax, fragmentsMax } = graphqlLimits;
  if (aliases > aliasesMax) throw beyond("aliases", aliasesMax, aliases);
  if (directives > directivesMax) throw beyond("directives", directivesMax, directives);
  if (fragments > fragmentsMax) throw beyond("fragments", fragmentsMax, fragments);
  if (fields > fieldsMax) throw beyond("selected fields", fieldsMax, fields);
};

/** A document that may be executed. */
export class Document {
  readonly node: DocumentNode;
  readonly #schema: GraphQLSchema;
  readonly #operations: readonly OperationDefinitionNode[];
  readonly #conditions: readonly string[];
  readonly #plans = new BoundedCache<Plan>({ entriesMax: graphqlLimits.plansMax });

  constructor(schema: GraphQLSchema, node: DocumentNode) {
    this.node = node;
    this.#schema = schema;
    this.#operations = node.definitions.flatMap((definition) =>
      definition.kind === Kind.OPERATION_DEFINITION ? [definition] : [],
    );
    this.#conditions = conditionVariables(node);
  }

  /** The operation that is meant. Throws `Problem` where that is not clear. */
  operation(name: string | undefined): OperationDefinitionNode {
    const [first, second] = this.#operations;
    const found =
      name === undefined
        ? second === undefined
          ? first
          : undefined
        : this.#operations.find((operation) => operation.name?.value === name);
    if (found !== undefined) return found;
    const why =
      name === undefined
        ? "The document has several operations: operationName has to say which."
        : "The document has no operation of this name.";
    throw new Problem("validation_failed", [new GraphQLError(why)]);
  }

  plan(operation: OperationDefinitionNode, variables: Readonly<Record<string, unknown>>): Plan {
    const decided = this.#conditions.map((name) => (variables[name] === true ? "1" : "0")).join("");
    const key = `${operation.name?.value ?? ""} ${decided}`;
    let plan = this.#plans.get(key);
    if (plan === undefined) {
      plan = compilePlan(this.#schema, this.node, operation, variables);
      this.#plans.set(key, plan);
    }
    return plan;
  }
}

/** Documents of one schema. */
export class Documents {
  readonly #schema: GraphQLSchema;
  readonly #hidesSuggestions: boolean;
  readonly #known = new BoundedCache<Document>({
    entriesMax: graphqlLimits.documentsMax,
    keyLengthMax: graphqlLimits.documentLengthMax,
  });

  /** `hidesSuggestions`: errors name no fields that the caller has not named. */
  constructor(schema: GraphQLSchema, { hidesSuggestions }: { readonly hidesSuggestions: boolean }) {
    this.#schema = schema;
    this.#hidesSuggestions = hidesSuggestions;
  }

  /** The document of a text. Throws `Problem`: 400 for what is no document, 422 for what does not fit the schema or goes beyond a limit. */
  of(text: string): Document {
    let document = this.#known.get(text);
    if (document === undefined) {
      document = this.#read(text);
      this.#known.set(text, document);
    }
    return document;
  }

  #read(text: string): Document {
    const node = parsed(text);
    checkCounts(node);
    checkMerged(node);
    const flaws = validate(this.#schema, node, undefined, { maxErrors: flawsMax, hideSuggestions: this.#hidesSuggestions });
    if (flaws.length > 0) throw new Problem("validation_failed", flaws);
    return new Document(this.#schema, node);
  }
}
