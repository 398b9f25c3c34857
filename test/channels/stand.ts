/** A node that serves the bazaar on every channel, and the keys of those who ask. */
import { grantKeys } from "../../src/host/keys.ts";
import { newApiKey } from "../../src/pipeline/identity/api-key.ts";
import { openPlane, type Plane, type PlaneOptions } from "../manage/plane.ts";
import type { TestDatabase } from "../postgres/index.ts";
import bazaar from "./bazaar.ts";
import { numbering, type Target } from "./driver.ts";
import type { Who } from "./scenarios.ts";

export interface Stand extends AsyncDisposable {
  readonly plane: Plane;
  readonly target: Target;
  readonly keys: ReadonlyMap<Who, string | undefined>;
  /** Ids of a stall and of a ware in it. */
  readonly known: { readonly stall: string; readonly ware: string };
}

/** A key of another tenant with both roles. */
const foreignKey = async (plane: Plane): Promise<string> => {
  const key = newApiKey("sandbox");
  const [node] = plane.nodes;
  if (node === undefined) throw new Error("there is no node");
  const roles = ["bazaar:seller", "bazaar:buyer"];
  await grantKeys(node.app, [{ key, tenant: "other", environment: "sandbox", app: "tests", user: null, subject: null, roles }]);
  return key;
};

export const openStand = async (database: TestDatabase, options: PlaneOptions = {}): Promise<Stand> => {
  const plane = await openPlane(database, { service: bazaar, ...options });
  const [node] = plane.nodes;
  if (node === undefined) throw new Error("there is no node");
  const { contracts } = node.app;
  const { grpcPort, linePort } = await node.listeners();
  const target: Target = {
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
  const keys = new Map<Who, string | undefined>();
  for (const role of ["seller", "buyer", "watcher"] as const) keys.set(role, (await plane.app({}, [role])).key);
  keys.set("foreigner", await foreignKey(plane));
  const seller = String(keys.get("seller"));
  keys.set("unknown", `${seller.slice(0, -3)}aaa`);
  const made = async (path: string, body: object): Promise<string> =>
    String(((await plane.ask(path, { key: seller, method: "POST", body })).data as { id?: string }).id);
  const stall = await made("/bazaar/v2/stalls", { name: "The corner" });
  const ware = await made("/bazaar/v2/wares", { stall, name: "A lamp", price: 10, stock: 500 });
  return { plane, target, keys, known: { stall, ware }, [Symbol.asyncDispose]: () => plane[Symbol.asyncDispose]() };
};
