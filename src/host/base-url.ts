/** The address at which this machine reaches the server. */
import type { Config } from "./config.ts";

const everywhere = new Set(["0.0.0.0", "::"]);
const loopback = new Set(["127.0.0.1", "::1"]);

/** `http://127.0.0.1:3000`. With TLS a loopback address is named `localhost`, as certificates for it are. */
export const baseUrl = ({ host, tls }: Pick<Config, "host" | "tls">, port: number): string => {
  const reachable = everywhere.has(host) ? (host === "::" ? "::1" : "127.0.0.1") : host;
  const name = tls !== undefined && loopback.has(reachable) ? "localhost" : reachable;
  const scheme = tls === undefined ? "http" : "https";
  const isDefault = port === (tls === undefined ? 80 : 443);
  return `${scheme}://${name.includes(":") ? `[${name}]` : name}${isDefault ? "" : `:${port}`}`;
};
