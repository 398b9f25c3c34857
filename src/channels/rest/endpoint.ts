/**
 * Endpoints: what one method of one address does, compiled at start. A request only looks its endpoint up and turns it into a call.
 */
import type { Operation, ResourceContract } from "../../contract/contract.ts";
import type { SchemaHint } from "./formats/index.ts";

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE" | "QUERY";

/**
 *   get            one row, or the singleton                 → operation get
 *   property       one property of a row                     → get
 *   setProperty    PUT and PATCH of a property               → update with that one field
 *   list           a collection, also a related one          → list
 *   value          count, collection property, statistic     → count, property, stats
 *   create         one, or many with an array                → create
 *   change         update or replace of one                  → update, replace
 *   changeMany     array of objects with ids                 → update, replace
 *   delete         one                                       → delete
 *   deleteMany     { "ids": [ … ] }                          → delete
 *   function       on an item, a collection or free          → the function
 *   relate         creates the pair of a many-to-many        → create of the pairs' resource
 *   unrelate       deletes the pair, or empties a reference  → list, then delete or update
 *   batch, job, sealed   of the channel itself
 */
export type EndpointKind =
  | "get"
  | "property"
  | "setProperty"
  | "list"
  | "value"
  | "create"
  | "change"
  | "changeMany"
  | "delete"
  | "deleteMany"
  | "function"
  | "relate"
  | "unrelate";

/** How a related collection hangs on its parent. */
export interface RelatedTo {
  readonly parent: ResourceContract;
  readonly relation: string;
  /** many: the field of the related resource that points to the parent. */
  readonly reference?: string;
  /** manyToMany: fields of the pair that point to the parent and to the related row. */
  readonly from?: string;
  readonly to?: string;
}

/** An operation behind an address. */
export interface OperationEndpoint {
  readonly kind: EndpointKind;
  readonly operation: Operation;
  /** Which parameters make sense; the others are refused by name. */
  readonly query: "list" | "filters" | "row" | "none";
  readonly body: "none" | "required" | "optional";
  /** A body may be an array (or is one), so the bounds of a batch hold. */
  readonly takesMany: boolean;
  /** The answer is a list: CSV and NDJSON are offered. */
  readonly answersList: boolean;
  /** For property and setProperty: its name in the version of the address. */
  readonly property?: string;
  readonly related?: RelatedTo;
  /** unrelate: what makes the change once the list (`operation`) has found the row. */
  readonly then?: Operation;
  /** What XML and CSV need to know of the body. */
  readonly hint?: () => SchemaHint;
  /** Several calls behind one request: cannot stand in a mixed batch. */
  readonly isComposed: boolean;
}

/** What is run as it was asked for. */
export type OpenEndpoint = OperationEndpoint | { readonly kind: "batch" } | { readonly kind: "job" };

export type Endpoint = OpenEndpoint | { readonly kind: "sealed" };

/** One address: its endpoints by method and the methods as `Allow` names them. */
export interface Address {
  readonly endpoints: ReadonlyMap<string, Endpoint>;
  readonly allow: readonly string[];
}

/** Methods with HEAD beside GET and OPTIONS at the end. */
export const addressOf = (endpoints: ReadonlyMap<Method, Endpoint>): Address => {
  const allow: string[] = [];
  for (const method of endpoints.keys()) allow.push(...(method === "GET" ? ["GET", "HEAD"] : [method]));
  return { endpoints, allow: [...allow, "OPTIONS"] };
};
