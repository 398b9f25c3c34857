/** A service version as GraphQL: its schema, made when it is first asked for, and the documents that are known of it. */
import { type GraphQLSchema, printSchema } from "graphql";
import type { Contract, Operation } from "../../contract/contract.ts";
import { versionView } from "../../contract/versions.ts";
import { BoundedCache } from "../http/bounded-cache.ts";
import { Documents } from "./document.ts";
import type { Shown } from "./execute.ts";
import { introspectionOf, ownDocumentsOf } from "./gates.ts";
import { graphqlLimits } from "./limits.ts";
import { Persisted } from "./persisted.ts";
import { schemaOf } from "./schema/schema.ts";

export class Served {
  readonly schema: GraphQLSchema;
  /** The service in the words of the version. */
  readonly contract: Contract;
  readonly newest: Contract;
  readonly documents: Documents;
  readonly persisted: Persisted;
  /** Whether the caller may ask for the schema itself. */
  readonly introspection: Operation;
  /** Whether the caller may send documents of his own; undefined: everybody may. */
  readonly ownDocuments: Operation | undefined;
  /** What introspection answered lately: a megabyte each, so few. */
  readonly introspections = new BoundedCache<Shown>({ entriesMax: 4, keyLengthMax: graphqlLimits.documentLengthMax });
  #sdl: string | undefined;

  constructor(newest: Contract, version: string, mode: "development" | "production") {
    this.newest = newest;
    this.contract = versionView(newest, version).contract;
    this.schema = schemaOf(newest, version);
    this.documents = new Documents(this.schema, { hidesSuggestions: mode === "production" });
    this.persisted = new Persisted(newest.definition.graphql?.documents ?? {});
    this.introspection = introspectionOf(newest, mode);
    this.ownDocuments = ownDocumentsOf(newest);
  }

  /** The schema as a document. */
  get sdl(): string {
    return (this.#sdl ??= `${printSchema(this.schema)}\n`);
  }
}
