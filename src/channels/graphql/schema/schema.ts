/**
 * The schema of a service version, made from its contract. Equal contracts give equal schemas, name by name: names are given in the order of the definition.
 */
import { GraphQLObjectType, GraphQLSchema } from "graphql";
import type { Contract } from "../../../contract/contract.ts";
import { versionView } from "../../../contract/versions.ts";
import type { SchemaContext } from "./context.ts";
import { deprecationsOf } from "./deprecations.ts";
import { Enums } from "./enums.ts";
import { InputTypes } from "./inputs.ts";
import { ListArguments } from "./lists.ts";
import { Names } from "./names.ts";
import { Refusals } from "./refusals.ts";
import { Roots } from "./roots.ts";
import { type FieldConfigs, OutputTypes } from "./outputs.ts";

/** Names that are GraphQL's, or the schema's own whatever the definition says. */
const taken = ["Query", "Mutation", "Subscription", "String", "Int", "Float", "Boolean", "ID"];
const scalarNames = ["Money", "BigInt", "Integer", "Decimal", "Date", "DateTime", "Duration", "Bytes", "JSON"];

const root = (name: string, description: string, fields: FieldConfigs): GraphQLObjectType | undefined =>
  Object.keys(fields).length === 0 ? undefined : new GraphQLObjectType({ name, description, fields });

/** The schema of one version; `newest` is the contract whose operations are called. */
export const schemaOf = (newest: Contract, version: string): GraphQLSchema => {
  const { contract } = versionView(newest, version);
  const names = new Names([...taken, ...scalarNames]);
  const context: SchemaContext = {
    contract,
    newest: (name) => newest.operations.get(name),
    names,
    enums: new Enums(names),
    deprecations: deprecationsOf(newest, version),
  };
  const inputs = new InputTypes(context);
  const lists = new ListArguments(context, inputs);
  const refusals = new Refusals(context);
  const types = new OutputTypes(context, inputs, lists);
  // Types of rows have the first choice of names.
  for (const resource of contract.resources.values()) if (contract.operations.has(`${resource.name}.get`)) types.row(resource);
  const roots = new Roots(context, { inputs, lists, types, refusals });
  return new GraphQLSchema({
    description: `${contract.title} ${version}. ${contract.doc}`,
    query: root("Query", "What can be read.", roots.query()) ?? null,
    mutation: root("Mutation", "What can be done. Several fields run one after the other.", roots.mutation()) ?? null,
    subscription: root("Subscription", "What happens, as it happens.", roots.subscription()) ?? null,
  });
};
