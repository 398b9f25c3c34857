/**
 * Refusals as types: an interface, an object type for each refusal that the service declares, and a union for each command: its own ones and `OtherRefusal`, for
 * those that any operation may have.
 *
 *   mutation { accountFreeze(id: "acc_…", input: { reason: "lost" }) {
 *     account { status }
 *     refusal { ... on Refusal { type message } ... on AccountClosedRefusal { details } }
 *   } }
 */
import {
  GraphQLInt,
  GraphQLInterfaceType,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLString,
  GraphQLUnionType,
} from "graphql";
import type { Operation } from "../../../contract/contract.ts";
import type { SchemaContext } from "./context.ts";
import { meta, metaKey } from "./meta.ts";
import { pascal } from "./names.ts";
import { Json } from "./scalars.ts";
import type { FieldConfigs } from "./outputs.ts";

/** `account_closed` → `AccountClosed`. */
const typeNameOf = (type: string): string => type.split("_").map(pascal).join("");

export class Refusals {
  readonly #context: SchemaContext;
  readonly #interface: GraphQLInterfaceType;
  readonly #other: GraphQLObjectType;
  readonly #types = new Map<string, GraphQLObjectType>();
  readonly #fields: FieldConfigs;

  constructor(context: SchemaContext) {
    this.#context = context;
    const sure = new GraphQLNonNull(GraphQLString);
    const issue = new GraphQLObjectType({
      name: context.names.take("FieldIssue"),
      description: "What is wrong with one value.",
      fields: {
        field: { type: sure, description: "Its path in the input.", ...meta({ kind: "leaf", source: "field" }) },
        messages: {
          type: new GraphQLNonNull(new GraphQLList(sure)),
          description: "In the caller's language.",
          ...meta({ kind: "leaf", source: "messages" }),
        },
      },
    });
    this.#fields = {
      type: { type: sure, description: "Stable, the same on every channel.", ...meta({ kind: "leaf", source: "type" }) },
      message: {
        type: sure,
        description: "In the caller's language, with what is wrong with single values.",
        ...meta({ kind: "leaf", source: "message" }),
      },
      status: {
        type: new GraphQLNonNull(GraphQLInt),
        description: "As HTTP has it.",
        ...meta({ kind: "leaf", source: "status" }),
      },
      requestId: { type: sure, ...meta({ kind: "leaf", source: "requestId" }) },
      retryAfter: {
        type: GraphQLInt,
        description: "Seconds after which it may be tried again.",
        ...meta({ kind: "leaf", source: "retryAfter" }),
      },
      details: { type: Json, description: "Facts: a limit, an amount available.", ...meta({ kind: "leaf", source: "details" }) },
      issues: {
        type: new GraphQLNonNull(new GraphQLList(new GraphQLNonNull(issue))),
        ...meta({ kind: "object", source: "issues", isList: true }),
      },
    };
    this.#interface = new GraphQLInterfaceType({
      name: context.names.take("Refusal"),
      description: "Why something was not done.",
      fields: this.#fields,
    });
    this.#other = this.#make(
      "OtherRefusal",
      "A refusal that any operation may have: credentials, limits, values that do not fit.",
    );
  }

  /** The refusals of a command. */
  of({ refusals }: Operation, name: string): GraphQLUnionType {
    const types = new Map<string, GraphQLObjectType>();
    for (const [type, { doc }] of Object.entries(refusals)) {
      let made = this.#types.get(type);
      if (made === undefined) this.#types.set(type, (made = this.#make(`${typeNameOf(type)}Refusal`, doc)));
      types.set(type, made);
    }
    types.set("", this.#other);
    return new GraphQLUnionType({
      name: this.#context.names.take(name, `${name}s`),
      description: "Its own refusals, and any other.",
      types: [...types.values()],
      extensions: { [metaKey]: types },
    });
  }

  #make(name: string, description: string): GraphQLObjectType {
    return new GraphQLObjectType({
      name: this.#context.names.take(name),
      description,
      interfaces: [this.#interface],
      fields: this.#fields,
    });
  }
}
