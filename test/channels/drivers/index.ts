/** A driver for each channel. */
import type { Driver } from "../driver.ts";
import { connectDriver, grpcWebDriver } from "./connect.ts";
import { graphqlDriver } from "./graphql.ts";
import { grpcDriver } from "./grpc.ts";
import { lineDriver } from "./line.ts";
import { mcpDriver } from "./mcp.ts";
import { restDriver } from "./rest.ts";
import { soap12Driver, soapDriver } from "./soap.ts";
import { streamDriver } from "./stream.ts";

export const drivers: readonly Driver[] = [
  restDriver,
  graphqlDriver,
  streamDriver,
  grpcDriver,
  soapDriver,
  soap12Driver,
  connectDriver,
  grpcWebDriver,
  mcpDriver,
  lineDriver,
];
