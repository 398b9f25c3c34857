/**
 * The routing table of one version of a service, compiled at start from the contract: nested maps, one level per segment of an address.
 *
 *   accounts                 collection            accounts/count, accounts/{property}, accounts/stats/{name}, accounts/{function}
 *   accounts/{id}            item                  accounts/{id}/{function | relation | property}, accounts/{id}/{relation}/{id}
 *   profile                  singleton             checkLimits: a free function            batch, jobs/{id}: the channel's own
 *
 * An address exists if an operation stands behind it. Where names meet on an item the order is function, relation, property; the compiler of
 * definitions refuses such definitions before.
 */
import type { Contract, ManyContract, Operation, ResourceContract } from "../../contract/contract.ts";
import { addressOf } from "./endpoint.ts";
import type { Address, Endpoint, EndpointKind, Method, OperationEndpoint, RelatedTo } from "./endpoint.ts";
import { hintOfBody } from "./schema-hint.ts";

export interface MemberNode {
  readonly address: Address;
  /** Of a relation: `/accounts/{id}/transfers/{id}`. */
  readonly related?: Address;
}

export interface CollectionNode {
  readonly address: Address;
  /** `count`, collection properties and functions. */
  readonly members: ReadonlyMap<string, Address>;
  readonly stats: ReadonlyMap<string, Address>;
  readonly item: Address;
  readonly itemMembers: ReadonlyMap<string, MemberNode>;
}

/** First segments of a version: collections by name, and what stands alone. */
export interface RouteTable {
  readonly collections: ReadonlyMap<string, CollectionNode>;
  readonly alone: ReadonlyMap<string, Address>;
  /** `/jobs/{id}`. */
  readonly job: Address;
}

interface Shape {
  readonly query?: OperationEndpoint["query"];
  readonly body?: OperationEndpoint["body"];
  readonly takesMany?: boolean;
  readonly answersList?: boolean;
  readonly property?: string;
  readonly related?: RelatedTo;
  readonly then?: Operation;
  readonly isComposed?: boolean;
}

type Endpoints = Map<Method, Endpoint>;

class TableBuilder {
  /** The service in the words of the version. */
  readonly #contract: Contract;
  /** What calls name: the newest version's operations. */
  readonly #newest: Contract;
  /** By the resource they are on; those of singletons have addresses of their own. */
  readonly #operations: ReadonlyMap<string | undefined, readonly Operation[]>;

  constructor(contract: Contract, newest: Contract) {
    this.#contract = contract;
    this.#newest = newest;
    const onResources = contract.operations.values().filter(({ target }) => target !== "singleton");
    this.#operations = Map.groupBy(onResources, ({ resource }) => resource?.name);
  }

  #endpoint(kind: EndpointKind, operation: Operation, shape: Shape = {}): OperationEndpoint {
    const { query = "none", body = "none", takesMany = false, answersList = false, isComposed = false, then, ...rest } = shape;
    return {
      kind,
      operation: this.#newestOf(operation),
      query,
      body,
      takesMany,
      answersList,
      isComposed,
      ...(body === "none" ? {} : { hint: hintOfBody(operation.input, { takesMany }) }),
      ...(then === undefined ? {} : { then: this.#newestOf(then) }),
      ...rest,
    };
  }

  /** Operations have the same names in every version. */
  #newestOf(operation: Operation): Operation {
    const found = this.#newest.operations.get(operation.name);
    if (found === undefined) throw new Error(`${this.#newest.service}: no operation ${operation.name}`);
    return found;
  }

  table(): RouteTable {
    const alone = new Map<string, Address>();
    for (const name of this.#contract.singletons.keys()) this.#keep(alone, name, this.#singleton(name));
    for (const operation of this.#contract.operations.values()) {
      if (operation.action === "function" && operation.target === "free") {
        this.#keep(alone, operation.name, new Map([["POST", this.#function(operation)]]));
      }
    }
    alone.set("batch", addressOf(new Map<Method, Endpoint>([["POST", { kind: "batch" }]])));
    alone.set("call", addressOf(new Map<Method, Endpoint>([["POST", { kind: "sealed" }]])));
    return {
      collections: new Map([...this.#contract.resources].flatMap(([name, resource]) => this.#collection(name, resource))),
      alone,
      job: addressOf(new Map<Method, Endpoint>([["GET", { kind: "job" }]])),
    };
  }

  #keep(into: Map<string, Address>, name: string, endpoints: Endpoints): void {
    if (endpoints.size > 0) into.set(name, addressOf(endpoints));
  }

  #operation(name: string): Operation | undefined {
    return this.#contract.operations.get(name);
  }

  #function(operation: Operation): OperationEndpoint {
    const answersList = operation.output.kind === "rows";
    return this.#endpoint("function", operation, { body: operation.required.size > 0 ? "required" : "optional", answersList });
  }

  #singleton(name: string): Endpoints {
    const endpoints: Endpoints = new Map();
    const get = this.#operation(`${name}.get`);
    const update = this.#operation(`${name}.update`);
    const replace = this.#operation(`${name}.replace`);
    if (get !== undefined) endpoints.set("GET", this.#endpoint("get", get, { query: "row" }));
    if (replace !== undefined) endpoints.set("PUT", this.#endpoint("change", replace, { body: "required" }));
    if (update !== undefined) endpoints.set("PATCH", this.#endpoint("change", update, { body: "required" }));
    return endpoints;
  }

  /** An internal resource, on which no operation is, has no address. */
  #collection(name: string, resource: ResourceContract): [string, CollectionNode][] {
    const members = new Map<string, Address>();
    const stats = new Map<string, Address>();
    const itemMembers = new Map<string, MemberNode>();
    const operations = this.#operations.get(name);
    if (operations === undefined) return [];
    for (const operation of operations) {
      const member = operation.member;
      if (member === undefined) continue;
      if (operation.action === "stats") {
        stats.set(
          member,
          addressOf(new Map([["GET", this.#endpoint("value", operation, { query: "filters", answersList: true })]])),
        );
      } else if (operation.action === "function") {
        const address = addressOf(new Map([["POST", this.#function(operation)]]));
        if (operation.target === "item") itemMembers.set(member, { address });
        else members.set(member, address);
      } else {
        members.set(member, addressOf(new Map([["GET", this.#endpoint("value", operation, { query: "filters" })]])));
      }
    }
    for (const [relation, many] of resource.many) {
      if (itemMembers.has(relation)) continue;
      const node = this.#relation(resource, relation, many);
      if (node !== undefined) itemMembers.set(relation, node);
    }
    for (const property of resource.fieldNames) {
      const endpoints = this.#property(name, property);
      if (endpoints.size > 0 && !itemMembers.has(property)) itemMembers.set(property, { address: addressOf(endpoints) });
    }
    const address = addressOf(this.#collectionEndpoints(name));
    return [[name, { address, members, stats, item: addressOf(this.#itemEndpoints(name)), itemMembers }]];
  }

  #collectionEndpoints(name: string): Endpoints {
    const endpoints: Endpoints = new Map();
    const list = this.#operation(`${name}.list`);
    if (list !== undefined) {
      endpoints.set("GET", this.#endpoint("list", list, { query: "list", answersList: true }));
      endpoints.set("QUERY", this.#endpoint("list", list, { query: "list", answersList: true, body: "required" }));
    }
    const many = { body: "required", takesMany: true } as const;
    const create = this.#operation(`${name}.create`);
    const replace = this.#operation(`${name}.replace`);
    const update = this.#operation(`${name}.update`);
    const remove = this.#operation(`${name}.delete`);
    if (create !== undefined) endpoints.set("POST", this.#endpoint("create", create, many));
    if (replace !== undefined) endpoints.set("PUT", this.#endpoint("changeMany", replace, many));
    if (update !== undefined) endpoints.set("PATCH", this.#endpoint("changeMany", update, many));
    if (remove !== undefined) endpoints.set("DELETE", this.#endpoint("deleteMany", remove, many));
    return endpoints;
  }

  #itemEndpoints(name: string): Endpoints {
    const endpoints: Endpoints = new Map();
    const get = this.#operation(`${name}.get`);
    const replace = this.#operation(`${name}.replace`);
    const update = this.#operation(`${name}.update`);
    const remove = this.#operation(`${name}.delete`);
    if (get !== undefined) endpoints.set("GET", this.#endpoint("get", get, { query: "row" }));
    if (replace !== undefined) endpoints.set("PUT", this.#endpoint("change", replace, { body: "required" }));
    if (update !== undefined) endpoints.set("PATCH", this.#endpoint("change", update, { body: "required" }));
    if (remove !== undefined) endpoints.set("DELETE", this.#endpoint("delete", remove));
    return endpoints;
  }

  /** Whether a role may write it is for the operation to say: a property that is never written answers 422 read_only. */
  #property(name: string, property: string): Endpoints {
    const endpoints: Endpoints = new Map();
    const get = this.#operation(`${name}.get`);
    const update = this.#operation(`${name}.update`);
    if (get !== undefined) endpoints.set("GET", this.#endpoint("property", get, { property }));
    if (update !== undefined) {
      const set = this.#endpoint("setProperty", update, { property, body: "required" });
      endpoints.set("PUT", set).set("PATCH", set);
    }
    return endpoints;
  }

  #relation(parent: ResourceContract, relation: string, many: ManyContract): MemberNode | undefined {
    const list = this.#operation(`${many.target.name}.list`);
    if (list === undefined) return undefined;
    const endpoints: Endpoints = new Map();
    const single: Endpoints = new Map();
    const base = { parent, relation };
    endpoints.set("GET", this.#endpoint("list", list, { query: "list", answersList: true, related: base }));
    endpoints.set("QUERY", this.#endpoint("list", list, { query: "list", answersList: true, related: base, body: "required" }));
    if (many.relation.kind === "manyToMany") this.#pairs(many, base, endpoints, single);
    else this.#references(many, base, endpoints, single);
    return { address: addressOf(endpoints), ...(single.size > 0 ? { related: addressOf(single) } : {}) };
  }

  #pairs(many: ManyContract, base: RelatedTo, endpoints: Endpoints, single: Endpoints): void {
    const { relation, through } = many;
    if (relation.kind !== "manyToMany" || through === undefined) return;
    const related = { ...base, from: relation.from, to: relation.to };
    const create = this.#operation(`${through.name}.create`);
    const pairs = this.#operation(`${through.name}.list`);
    const remove = this.#operation(`${through.name}.delete`);
    if (create !== undefined) {
      endpoints.set("POST", this.#endpoint("relate", create, { related, body: "required", takesMany: true }));
    }
    if (pairs !== undefined && remove !== undefined) {
      single.set("DELETE", this.#endpoint("unrelate", pairs, { related, then: remove, isComposed: true }));
    }
  }

  /** With several references (`by: ["debit", "credit"]`) it is open which one to fill in: no POST, no DELETE. */
  #references(many: ManyContract, base: RelatedTo, endpoints: Endpoints, single: Endpoints): void {
    const { relation, target } = many;
    const [reference, second] = relation.kind === "many" ? relation.by : [];
    if (reference === undefined || second !== undefined) return;
    const related = { ...base, reference };
    const list = this.#operation(`${target.name}.list`);
    const create = this.#operation(`${target.name}.create`);
    const update = this.#operation(`${target.name}.update`);
    if (create !== undefined && reference in create.input) {
      endpoints.set("POST", this.#endpoint("create", create, { related, body: "required", takesMany: true }));
    }
    const canBeEmpty = target.fields[reference]?.options.optional === true;
    if (list !== undefined && update !== undefined && canBeEmpty && reference in update.input) {
      single.set("DELETE", this.#endpoint("unrelate", list, { related, then: update, isComposed: true }));
    }
  }
}

/** Compiles the addresses of one version: `contract` is the service in that version's words, `newest` the one whose operations are called. */
export const routeTable = (contract: Contract, newest: Contract): RouteTable => new TableBuilder(contract, newest).table();
