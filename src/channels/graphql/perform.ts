/**
 * From a request to its answer: document → operation → variables → plan → limits → calls.
 *
 *   refused before anything runs      no `data`, the status of the reason
 *   run                               `data`, and an error for each field that was refused
 *   all fields refused for who calls  no `data`: 401, 403, 429 …, as on every channel
 */
import { execute, getVariableValues, GraphQLError, Kind, type OperationDefinitionNode, OperationTypeNode } from "graphql";
import type { Operation } from "../../contract/contract.ts";
import { compileFields } from "../../contract/values/fields.ts";
import { andThen } from "../../pipeline/condition.ts";
import type { Pipeline } from "../../pipeline/pipeline.ts";
import { invalid, type Refusal, refuse } from "../../pipeline/refusal.ts";
import { reasonOf, tell, type ToldRefusal } from "../../pipeline/told.ts";
import type { MaybePromise } from "../../pipeline/pipeline.ts";
import { type Conditions, conditionsOf } from "../http/index.ts";
import type { Values } from "./arguments.ts";
import type { Asking } from "./asking.ts";
import { costOf } from "./cost.ts";
import type { Document } from "./document.ts";
import { type AnswerError, extensionsOf } from "./errors.ts";
import { type Caller, Execution, type Shown } from "./execute.ts";
import { graphqlLimits } from "./limits.ts";
import type { Plan, Root } from "./plan.ts";
import { beyond, Problem } from "./problem.ts";
import type { GraphqlRequest } from "./request.ts";
import { RootFields } from "./roots.ts";
import type { Served } from "./served.ts";

/** What is answered; `data` absent: nothing was run. */
export interface Answer {
  readonly status: number;
  readonly data?: Shown;
  readonly errors?: readonly AnswerError[];
  /** 405: methods that exist; seconds after which it may be tried again. */
  readonly allow?: readonly string[];
  readonly retryAfter?: number;
}

/** An operation that may be run. */
export interface Ready {
  readonly plan: Plan;
  readonly variables: Values;
  readonly document: Document;
  readonly operation: OperationDefinitionNode;
  /** The document is the caller's own: nobody has registered it. */
  readonly isOwn: boolean;
}

const variableFlawsMax = 20;

const noConditions: Conditions & { readonly refusal?: Refusal } = Object.freeze({});

/** Refusals of who calls, or of how much: of the request as a whole, where every field has one. */
const ofCaller: ReadonlySet<number> = new Set([401, 402, 403, 429, 503]);

/** A request on its way, with what its calls are made of. */
export class Performance implements Caller {
  readonly #served: Served;
  readonly #pipeline: Pipeline;
  readonly #asking: Asking;
  /** The document is the caller's own: nobody has registered it. */
  #isOwn = false;

  constructor(served: Served, pipeline: Pipeline, asking: Asking) {
    this.#served = served;
    this.#pipeline = pipeline;
    this.#asking = asking;
  }

  get served(): Served {
    return this.#served;
  }

  run(...[operation, input, options]: Parameters<Caller["run"]>): ReturnType<Caller["run"]> {
    const more: Parameters<Asking["call"]>[2] = this.#isOwn ? { ...options, isOwnDocument: true } : options;
    return this.#pipeline.run(this.#asking.call(operation, input, more));
  }

  tell(refusal: Refusal, operation: Operation | undefined): ToldRefusal {
    const { locale, requestId } = this.#asking;
    return tell(refusal, { locale, requestId, messages: this.#served.newest.messages, resource: operation?.resource?.name });
  }

  /** A refusal of the request as a whole. */
  refused(refusal: Refusal, operation?: Operation): Answer {
    const told = this.tell(refusal, operation);
    return {
      status: refusal.status,
      errors: [{ message: reasonOf(told), extensions: extensionsOf(told, refusal) }],
      ...(refusal.allow === undefined ? {} : { allow: refusal.allow }),
      ...(refusal.retryAfter === undefined ? {} : { retryAfter: refusal.retryAfter }),
    };
  }

  /** What stands against the request itself. */
  problem({ errors, status, type }: Problem): Answer {
    const { requestId } = this.#asking;
    return {
      status,
      errors: errors.map(({ message, locations, path, extensions }) => ({
        message,
        ...(locations === undefined ? {} : { locations }),
        ...(path === undefined ? {} : { path }),
        extensions: { type, status, requestId, ...extensions },
      })),
    };
  }

  /** The operation that a request means, ready to run; or why it is not run. Throws nothing. */
  prepare(request: GraphqlRequest, { isSafe }: { readonly isSafe: boolean }): MaybePromise<Ready | Answer> {
    return this.#guarded(() => {
      const text = request.query ?? this.#served.persisted.find(request.documentId ?? "");
      if (text === undefined)
        throw new Problem("not_found", [
          new GraphQLError("PersistedQueryNotFound", { extensions: { code: "PERSISTED_QUERY_NOT_FOUND" } }),
        ]);
      this.#isOwn = request.query !== undefined && !this.#served.persisted.has(text);
      return andThen(this.#mayRun(), (refusal): MaybePromise<Ready | Answer> => {
        if (refusal !== undefined) return this.refused(refusal);
        return this.#guarded(() => this.#ready(request, text, isSafe));
      });
    });
  }

  /** Runs `work`; a `Problem` that it throws becomes an answer. */
  #guarded<T>(work: () => T): T | Answer {
    try {
      return work();
    } catch (error) {
      if (error instanceof Problem) return this.problem(error);
      if (error instanceof GraphQLError) return this.problem(new Problem("validation_failed", [error]));
      throw error;
    }
  }

  /** Some callers may execute registered documents only. */
  #mayRun(): MaybePromise<Refusal | undefined> {
    const { ownDocuments } = this.#served;
    if (ownDocuments === undefined || !this.#isOwn) return undefined;
    return this.#pipeline.permit(this.#asking.call(ownDocuments, {}));
  }

  #ready(request: GraphqlRequest, text: string, isSafe: boolean): MaybePromise<Ready | Answer> {
    const { schema, documents } = this.#served;
    const document = documents.of(text);
    const operation = document.operation(request.operationName);
    if (isSafe && operation.operation === OperationTypeNode.MUTATION)
      return this.refused(refuse("method_not_allowed", { allow: ["POST"] }));
    const { coerced, errors } = getVariableValues(schema, operation.variableDefinitions ?? [], request.variables, {
      maxErrors: variableFlawsMax,
      hideSuggestions: true,
    });
    if (errors !== undefined) return this.#wrongVariables(document, operation, request.variables, errors);
    const plan = document.plan(operation, coerced);
    const cost = costOf(plan, coerced);
    if (cost > graphqlLimits.costMax) throw beyond("cost", graphqlLimits.costMax, cost);
    const ready = { plan, variables: coerced, document, operation, isOwn: this.#isOwn };
    if (!plan.hasIntrospection) return ready;
    return andThen(this.run(this.#served.introspection, {}), (result): Ready | Answer =>
      result.ok ? ready : this.refused(result.refusal, this.#served.introspection),
    );
  }

  /**
   * Values that GraphQL itself refuses. Where they are an operation's input, they are refused as on every channel: by name and in the caller's language, counted
   * like a call.
   */
  #wrongVariables(
    document: Document,
    operation: OperationDefinitionNode,
    variables: Values,
    errors: readonly GraphQLError[],
  ): MaybePromise<Answer> {
    const roots = document.plan(operation, variables).roots.filter((root) => "operation" in root);
    const wrong = roots.find((root) => this.#inputRefusal(root, variables) !== undefined) ?? roots[0];
    const problem = new Problem("validation_failed", errors);
    if (wrong === undefined) return this.problem(problem);
    const refusal = this.#inputRefusal(wrong, variables);
    const call = this.#asking.call(wrong.operation, {}, this.#isOwn ? { isOwnDocument: true } : {});
    // Who may not make the call is told so, and not what it would take.
    return andThen(this.#pipeline.permit(call), (barred): MaybePromise<Answer> => {
      if (barred !== undefined) return this.refused(barred, wrong.operation);
      if (refusal === undefined) return this.problem(problem);
      return andThen(this.#pipeline.decline(call, refusal), (told) => this.refused(told, wrong.operation));
    });
  }

  #inputRefusal(root: Root, variables: Values): Refusal | undefined {
    if (root.kind !== "command" && root.kind !== "read") return undefined;
    const value = root.node.arguments?.find(({ name }) => name.value === "input")?.value;
    const operation = this.#served.contract.operations.get(root.operation.name);
    if (value?.kind !== Kind.VARIABLE || operation === undefined) return undefined;
    const { input, required, action } = operation;
    const accept = compileFields(input, { required, partial: action === "update", defaults: false, unknown: "refuse" });
    const accepted = accept(variables[value.name.value] ?? {}, false);
    return accepted.ok ? undefined : invalid(accepted.issues);
  }

  /** Runs a query or a mutation. */
  execute({ plan, variables, document, operation }: Ready): MaybePromise<Answer> {
    const execution = new Execution(this, variables);
    const refusals: Refusal[] = [];
    const { refusal, ...conditions } = plan.operation === OperationTypeNode.MUTATION ? this.#conditions(plan) : noConditions;
    if (refusal !== undefined) return this.refused(refusal);
    const fields = new RootFields(execution, { onRefused: (refused) => void refusals.push(refused), conditions });
    const data: Shown = {};
    const introspected = plan.hasIntrospection ? this.#introspect(document, operation, variables) : {};
    const done = (): Answer => {
      const { list: errors } = execution.errors;
      if (errors.length === 0) return { status: 200, data };
      const [first] = refusals;
      if (first !== undefined && refusals.length === plan.roots.length && refusals.every(({ status }) => ofCaller.has(status)))
        return { status: first.status, errors, ...(first.retryAfter === undefined ? {} : { retryAfter: first.retryAfter }) };
      return { status: 294, data, errors };
    };
    const begin = (root: Root): MaybePromise<void> => {
      data[root.key] = null;
      if (root.kind === "event") return undefined;
      if (root.kind === "introspection") {
        data[root.key] = introspected[root.key];
        return undefined;
      }
      return andThen(fields.of(root), (value) => void (data[root.key] = value));
    };
    if (plan.operation === OperationTypeNode.MUTATION) return andThen(this.#inTurn(plan.roots, begin), done);
    let pending: Promise<void>[] | undefined;
    for (const root of plan.roots) {
      const made = begin(root);
      if (made instanceof Promise) (pending ??= []).push(made);
    }
    return pending === undefined ? done() : Promise.all(pending).then(done);
  }

  /** One after the other. */
  #inTurn(roots: readonly Root[], begin: (root: Root) => MaybePromise<void>, first = 0): MaybePromise<void> {
    for (let position = first; position < roots.length; position++) {
      const made = begin(roots[position] as Root);
      if (made instanceof Promise) return made.then(() => this.#inTurn(roots, begin, position + 1));
    }
  }

  /** graphql-js answers what is asked about the schema; the other fields of the root are not its. */
  #introspect(document: Document, operation: OperationDefinitionNode, variables: Values): Shown {
    const { variableDefinitions = [] } = operation;
    const key = `${operation.name?.value ?? ""} ${document.node.loc?.source.body ?? ""}`;
    const known = variableDefinitions.length === 0 ? this.#served.introspections.get(key) : undefined;
    if (known !== undefined) return known;
    const result = execute({
      schema: this.#served.schema,
      document: document.node,
      operationName: operation.name?.value ?? null,
      variableValues: variables,
    });
    const data = (result instanceof Promise ? undefined : result.data) ?? {};
    if (variableDefinitions.length === 0) this.#served.introspections.set(key, data);
    return data;
  }

  /** Idempotency-Key and If-Match of the request count for a mutation of one field; for several it is open which one they mean. */
  #conditions({ roots }: Plan): Conditions & { readonly refusal?: Refusal } {
    const { headers } = this.#asking;
    const conditions = conditionsOf((name) => headers?.get(name));
    if ("type" in conditions) return { refusal: conditions };
    const { idempotencyKey, ifMatch } = conditions;
    if (roots.length <= 1 || (idempotencyKey ?? ifMatch) === undefined) return conditions;
    const header = idempotencyKey === undefined ? "If-Match" : "Idempotency-Key";
    const explanation = "The mutation has several fields: each has an argument for it.";
    return { refusal: refuse("invalid_header", { details: { header, explanation } }) };
  }
}
