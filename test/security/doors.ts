/**
 * The doors of the system, one function each: an operation is asked for through every one of them, by all of its addresses there. A further channel adds
 * its own.
 */
import type { Contract, Operation } from "../../src/contract/contract.ts";
import { type Address, addressesOf } from "../../src/contract/openapi/index.ts";
import type { Call, Result } from "../../src/pipeline/call.ts";
import { type Driver, numbering, type Target } from "../channels/driver.ts";
import { drivers } from "../channels/drivers/index.ts";
import type { World } from "./world.ts";

export interface Visit {
  readonly contract: Contract;
  readonly operation: Operation;
  readonly key: string | undefined;
  /** The row that is asked for, or the parent of a related collection. */
  readonly id?: string;
  /** Row at the other end of a relation. */
  readonly otherId?: string;
  /** Whose it is, where nobody's credentials say so. */
  readonly tenant?: string;
  /** Fields of the operation's input. */
  readonly body: Readonly<Record<string, unknown>>;
}

export interface Heard {
  readonly how: string;
  /** `done`, or the type of the refusal. */
  readonly outcome: string;
  /** All that was answered, without what differs between any two answers. */
  readonly face: string;
}

export interface Door {
  readonly name: string;
  ask(world: World, visit: Visit): Promise<readonly Heard[]>;
  close?(): Promise<void>;
}

const quiet = ["date", "x-request-id", "content-length"];

const core: Door = {
  name: "the pipeline",
  async ask({ nodes }, { operation, key, id, tenant, body }) {
    const isRead = operation.kind === "query" && operation.action !== "function";
    const call: Call = {
      operation,
      input: { ...(id === undefined ? {} : { id }), ...(isRead ? {} : { body }) },
      credentials: key === undefined ? { kind: "none" } : { kind: "key", secret: key },
      ...(tenant === undefined ? {} : { tenant }),
      locale: "en",
      requestId: "visit",
      channel: "test",
    };
    const outcomeOf = (result: Result | undefined): string =>
      result === undefined ? "nothing" : result.ok ? "done" : result.refusal.type;
    const { pipeline } = nodes.at(0).app;
    const alone = await pipeline.run(call);
    // A batch of one, in the writer.
    const [inBatch] = await pipeline.runBatch([{ dependsOn: [], prepare: () => call }], { strategy: "atomic" });
    return [alone, inBatch].map((result, at) => ({
      how: at === 0 ? "alone" : "in a batch",
      outcome: outcomeOf(result),
      face: JSON.stringify(result, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value)),
    }));
  },
};

/** The body that an address takes for the fields of its operation. */
const bodyAt = ({ use, property, parent, many }: Address, { id, otherId, body }: Visit): unknown => {
  switch (use) {
    case "changeMany":
      return [{ id, ...body }];
    case "deleteMany":
      return { ids: [id] };
    case "relate":
      return { id: otherId };
    case "setProperty":
      return property === undefined || !(property in body) ? null : [body[property]];
    case "query":
      return {};
    case "create": {
      // The parent is in the address.
      const reference = parent !== undefined && many?.relation.kind === "many" ? many.relation.by[0] : undefined;
      return Object.fromEntries(Object.entries(body).filter(([name]) => name !== reference));
    }
    case "change":
    case "function":
      return body;
    default:
      return undefined;
  }
};

/** What became of the one item of a batch, else of the request. */
const outcomeOfAnswer = (status: number, answer: unknown): string => {
  const { success, data, error } = (answer ?? {}) as { success?: boolean; data?: unknown; error?: { type?: string } };
  const [first] = Array.isArray(data) ? (data as readonly { success?: boolean; error?: { type?: string } }[]) : [];
  if (first?.success === false) return first.error?.type ?? "refused";
  if (success === true || (status >= 200 && status < 300)) return "done";
  return error?.type ?? String(status);
};

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
};

/** All addresses but those of single properties, of which there are one to read and one to change for each resource. */
const isVisited = (): ((address: Address) => boolean) => {
  const visited = new Set<string>();
  return ({ use, operation }) => {
    if (use !== "property" && use !== "setProperty") return true;
    const key = `${use} ${operation?.name}`;
    return !visited.has(key) && visited.add(key) !== undefined;
  };
};

const addresses = new WeakMap<Contract, readonly Address[]>();

const rest: Door = {
  name: "REST",
  async ask({ nodes }, visit) {
    const { contract, operation, key, tenant, id = "", otherId = "" } = visit;
    const known = addresses.get(contract) ?? addressesOf(contract).filter(isVisited());
    addresses.set(contract, known);
    const heard: Heard[] = [];
    for (const address of known) {
      if (address.operation !== operation || (address.then !== undefined && !address.then.roles.has("anyone"))) continue;
      const path = `/${contract.service}/${contract.version}${address.path.replace("{id}", id).replaceAll(/\{\w+\}/g, otherId)}`;
      const body = bodyAt(address, visit);
      const response = await nodes.at(0).ask(path, {
        method: address.method,
        headers: {
          ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
          ...(tenant === undefined ? {} : { "pons-tenant": tenant }),
          ...(body === undefined ? {} : { "content-type": "application/json" }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      const requestId = response.headers.get("x-request-id") ?? "";
      const headers = [...response.headers].filter(([name]) => !quiet.includes(name));
      heard.push({
        how: `${address.method} ${address.path}`,
        outcome: outcomeOfAnswer(response.status, jsonOf(text)),
        face: `${response.status} ${JSON.stringify(headers)} ${text.replaceAll(requestId, "")}`,
      });
    }
    return heard;
  },
};

/** A node as clients of channels reach it; made once. */
const targets = new WeakMap<World, Promise<Target>>();

const targetOf = async ({ nodes, contracts }: World): Promise<Target> => {
  const node = nodes.at(0);
  const { grpcPort, linePort } = await node.listeners();
  return {
    baseUrl: node.origin,
    ...(grpcPort === undefined ? {} : { grpcPort }),
    ...(linePort === undefined ? {} : { linePort }),
    contract(service) {
      const contract = contracts.get(service);
      if (contract === undefined) throw new Error(`there is no service ${service}`);
      return contract;
    },
    numbersOf: numbering(),
    fetch: (path, init) => fetch(`${node.origin}${path}`, init),
  };
};

/** A channel by the client that the common suite has for it: every operation once, in its plain form. */
const doorOf = (driver: Driver): Door => ({
  name: driver.name,
  async ask(world, { contract, operation, key, id, tenant, body }) {
    const target = targets.get(world) ?? targetOf(world);
    targets.set(world, target);
    const { action, target: of } = operation;
    const hasBody = ["create", "update", "replace", "function"].includes(action);
    const asked = {
      service: contract.service,
      operation: operation.name,
      // No more than the operation takes: what is left over a channel refuses before it asks who calls.
      input: { ...(id === undefined || of !== "item" ? {} : { id }), ...(hasBody ? { body } : {}) },
      key,
      ...(tenant === undefined ? {} : { headers: { "pons-tenant": tenant } }),
    };
    if (!driver.can(asked, await target)) return [];
    const { outcome, face } = await driver.ask(await target, asked);
    return [{ how: driver.name, outcome, face }];
  },
  ...(driver.close === undefined ? {} : { close: () => driver.close?.() ?? Promise.resolve() }),
});

export const doors: readonly Door[] = [core, rest, ...drivers.filter(({ name }) => name !== "REST").map(doorOf)];
