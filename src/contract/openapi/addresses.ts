/**
 * Every address of a contract over REST, with its methods: what the documents describe and the lock holds. Paths are those behind
 * `/{service}/{version}`, in the order of the definition. HEAD goes with GET, OPTIONS with everything.
 *
 *   GET /books · QUERY /books · POST /books · … · GET /books/{id} · POST /books/{id}/withdraw · GET /authors/{id}/books · GET /me · POST /batch
 *
 * The REST channel compiles its own routing table from the same contract; a test compares the two.
 */
import type { Contract, ManyContract, Operation, ResourceContract } from "../contract.ts";

export type Method = "GET" | "QUERY" | "POST" | "PUT" | "PATCH" | "DELETE";

/** What an address does with its operation. `many`: with an array of bodies, or `{ "ids": […] }`; on create with one body or an array. */
export type Use =
  | "list"
  | "query"
  | "get"
  | "value"
  | "create"
  | "change"
  | "changeMany"
  | "delete"
  | "deleteMany"
  | "function"
  | "property"
  | "setProperty"
  | "relate"
  | "unrelate"
  | "batch"
  | "sealed"
  | "job";

export interface Address {
  readonly method: Method;
  readonly path: string;
  readonly use: Use;
  /** Absent for `/batch`, `/call` and `/jobs/{id}`. */
  readonly operation?: Operation;
  /** Resource or singleton it is filed under; absent for free functions, batches and jobs. */
  readonly group?: string;
  /** property, setProperty: the field. */
  readonly property?: string;
  /** Related collections. */
  readonly parent?: ResourceContract;
  readonly relation?: string;
  readonly many?: ManyContract;
  /** unrelate: the operation that makes the change. */
  readonly then?: Operation;
}

class Addresses {
  readonly all: Address[] = [];
  readonly #contract: Contract;

  constructor(contract: Contract) {
    this.#contract = contract;
  }

  operation(name: string): Operation | undefined {
    return this.#contract.operations.get(name);
  }

  /** Adds an address if there is an operation behind it. */
  add(operation: Operation | undefined, method: Method, path: string, use: Use, more: Partial<Address> = {}): void {
    if (operation !== undefined) this.all.push({ method, path, use, operation, ...more });
  }

  collection({ name }: ResourceContract): void {
    const path = `/${name}`;
    const group = { group: name };
    this.add(this.operation(`${name}.list`), "GET", path, "list", group);
    this.add(this.operation(`${name}.list`), "QUERY", path, "query", group);
    this.add(this.operation(`${name}.create`), "POST", path, "create", group);
    this.add(this.operation(`${name}.replace`), "PUT", path, "changeMany", group);
    this.add(this.operation(`${name}.update`), "PATCH", path, "changeMany", group);
    this.add(this.operation(`${name}.delete`), "DELETE", path, "deleteMany", group);
    for (const operation of this.#membersOf(name)) {
      if (operation.action === "stats") this.add(operation, "GET", `${path}/stats/${operation.member}`, "value", group);
      else if (operation.action !== "function") this.add(operation, "GET", `${path}/${operation.member}`, "value", group);
      else if (operation.target !== "item") this.add(operation, "POST", `${path}/${operation.member}`, "function", group);
    }
  }

  item(resource: ResourceContract): void {
    const { name } = resource;
    const path = `/${name}/{id}`;
    const group = { group: name };
    this.add(this.operation(`${name}.get`), "GET", path, "get", group);
    this.add(this.operation(`${name}.replace`), "PUT", path, "change", group);
    this.add(this.operation(`${name}.update`), "PATCH", path, "change", group);
    this.add(this.operation(`${name}.delete`), "DELETE", path, "delete", group);
    const taken = new Set<string>();
    for (const operation of this.#membersOf(name)) {
      if (operation.action !== "function" || operation.target !== "item" || operation.member === undefined) continue;
      this.add(operation, "POST", `${path}/${operation.member}`, "function", group);
      taken.add(operation.member);
    }
    for (const [relation, many] of resource.many) {
      if (taken.has(relation)) continue;
      this.#relation(resource, relation, many);
      taken.add(relation);
    }
    for (const property of resource.fieldNames) if (!taken.has(property)) this.#property(resource, property);
  }

  /** Properties that no one may ever write have no PUT and PATCH here: they are answered, with 422 `read_only`, but not offered. */
  #property(resource: ResourceContract, property: string): void {
    const path = `/${resource.name}/{id}/${property}`;
    const more = { group: resource.name, property };
    const update = this.operation(`${resource.name}.update`);
    this.add(this.operation(`${resource.name}.get`), "GET", path, "property", more);
    if (update === undefined || !(property in update.input)) return;
    this.add(update, "PUT", path, "setProperty", more);
    this.add(update, "PATCH", path, "setProperty", more);
  }

  #relation(parent: ResourceContract, relation: string, many: ManyContract): void {
    const list = this.operation(`${many.target.name}.list`);
    if (list === undefined) return;
    const path = `/${parent.name}/{id}/${relation}`;
    const more = { group: parent.name, parent, relation, many };
    this.add(list, "GET", path, "list", more);
    this.add(list, "QUERY", path, "query", more);
    const rule = many.relation;
    if (rule.kind === "manyToMany") {
      const remove = this.operation(`${rule.through}.delete`);
      this.add(this.operation(`${rule.through}.create`), "POST", path, "relate", more);
      if (remove !== undefined) {
        this.add(this.operation(`${rule.through}.list`), "DELETE", `${path}/{relatedId}`, "unrelate", { ...more, then: remove });
      }
      return;
    }
    const [reference, second] = rule.by;
    if (reference === undefined || second !== undefined) return;
    const create = this.operation(`${many.target.name}.create`);
    const update = this.operation(`${many.target.name}.update`);
    if (create !== undefined && reference in create.input) this.add(create, "POST", path, "create", more);
    const canBeEmpty = many.target.fields[reference]?.options.optional === true;
    if (update !== undefined && canBeEmpty && reference in update.input) {
      this.add(list, "DELETE", `${path}/{relatedId}`, "unrelate", { ...more, then: update });
    }
  }

  singleton(name: string): void {
    const group = { group: name };
    this.add(this.operation(`${name}.get`), "GET", `/${name}`, "get", group);
    this.add(this.operation(`${name}.replace`), "PUT", `/${name}`, "change", group);
    this.add(this.operation(`${name}.update`), "PATCH", `/${name}`, "change", group);
  }

  #membersOf(name: string): Operation[] {
    return [...this.#contract.operations.values()].filter(
      ({ resource, target, member }) => resource?.name === name && target !== "singleton" && member !== undefined,
    );
  }
}

/** All addresses, an address's methods together. */
export const addressesOf = (contract: Contract): readonly Address[] => {
  const addresses = new Addresses(contract);
  const used = new Set(
    [...contract.operations.values()].filter(({ target }) => target !== "singleton").map(({ resource }) => resource?.name),
  );
  for (const resource of contract.resources.values()) {
    if (!used.has(resource.name)) continue;
    addresses.collection(resource);
    addresses.item(resource);
  }
  for (const name of contract.singletons.keys()) addresses.singleton(name);
  for (const operation of contract.operations.values()) {
    if (operation.target === "free") addresses.add(operation, "POST", `/${operation.name}`, "function");
  }
  addresses.all.push(
    { method: "POST", path: "/batch", use: "batch" },
    { method: "GET", path: "/jobs/{id}", use: "job" },
    { method: "POST", path: "/call", use: "sealed" },
  );
  return addresses.all;
};
