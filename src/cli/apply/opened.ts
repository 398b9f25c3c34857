/** Which control plane a command means: that of a running server (`--url`, `--key`), or the database itself. */
import type { Contract } from "../../contract/index.ts";
import { requireConfig } from "../../host/config.ts";
import { readDemoFile } from "../../host/demo-file.ts";
import type { Invocation, Option } from "../command.ts";
import { CommandError } from "../exit-code.ts";
import { contractOf, type Definitions, loadDefinitions } from "../surroundings.ts";
import type { ControlPlane } from "./control-plane.ts";
import { onDatabase } from "./on-database.ts";
import { overHttp } from "./over-http.ts";

export const planeOptions: Readonly<Record<string, Option>> = {
  tenant: {
    type: "string",
    value: "<name>",
    doc: "Whose it is, where the database itself is meant; demo in development when left out.",
  },
  url: { type: "string", value: "<url>", doc: "Where a running server is; with --key." },
  key: { type: "string", value: "<key>", doc: "API key of an administrator (or PONS_KEY), with --url." },
};

export interface OpenedPlane {
  readonly plane: ControlPlane;
  readonly contract: Contract;
  /** The services whose control plane it is; absent where a server serves what it likes. */
  readonly served?: Definitions;
}

const tenantForm = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

const tenantOf = ({ options, environment }: Invocation): string => {
  const given = options.text("tenant");
  const { config } = requireConfig(environment);
  if (given === undefined && config.mode === "production")
    throw new CommandError("usage", "--tenant is missing: whose configuration it is");
  const tenant = given ?? "demo";
  if (!tenantForm.test(tenant))
    throw new CommandError("usage", `--tenant is ${JSON.stringify(tenant)}: expected small letters, digits and hyphens, 1 to 63`);
  return tenant;
};

/** Opens it; whoever opens it disposes of it. */
export const openPlane = async (invocation: Invocation, channel: string): Promise<OpenedPlane> => {
  const { options, environment } = invocation;
  const url = options.text("url");
  const key = options.text("key") ?? environment["PONS_KEY"];
  const demo = url === undefined ? undefined : readDemoFile(requireConfig(environment).config.data);
  const definitions = await loadDefinitions(invocation, demo?.services);
  const contract = contractOf(definitions, "platform");
  if (url === undefined) {
    if (options.has("key")) throw new CommandError("usage", "--key goes with --url");
    const plane = await onDatabase(invocation, { definitions, tenant: tenantOf(invocation), channel });
    return { plane, contract, served: definitions };
  }
  if (options.has("tenant")) throw new CommandError("usage", "--tenant goes without --url: the key says whose it is");
  if (key === undefined) throw new CommandError("usage", "--url goes with --key, or PONS_KEY");
  return { plane: overHttp({ url, key, contract }), contract };
};
