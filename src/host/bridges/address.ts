/** Addresses of brokers, as settings give them. */

/** What an address of a broker says: `nats://user:password@a:4222,b:4222?ca=/path.pem`. */
export interface BrokerAddress {
  readonly scheme: string;
  readonly user: string | undefined;
  readonly password: string | undefined;
  /** `a:4222`. */
  readonly hosts: readonly string[];
  readonly options: Readonly<Record<string, string>>;
}

const addressForm = /^([a-z]+):\/\/(?:([^\s@/?#:]*)(?::([^\s@/?#]*))?@)?([^\s@/?#]+)\/?(?:\?([^\s#]*))?$/;
const hostForm = /^(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::(\d{1,5}))?$/;
const hostsMax = 32;

const decoded = (text: string | undefined): string | undefined => {
  try {
    return text === undefined ? undefined : decodeURIComponent(text);
  } catch {
    return undefined;
  }
};

/** Reads an address; undefined: it is none, or has an option that is not known. */
export const parseBrokerAddress = (
  text: string,
  {
    schemes,
    port,
    options: known,
  }: { readonly schemes: readonly string[]; readonly port: number; readonly options: readonly string[] },
): BrokerAddress | undefined => {
  const [, scheme = "", user, password, list = "", query = ""] = addressForm.exec(text) ?? [];
  if (!schemes.includes(scheme)) return undefined;
  const hosts: string[] = [];
  for (const host of list.split(",")) {
    const found = hostForm.exec(host);
    if (found === null || Number(found[1] ?? port) > 65_535 || Number(found[1] ?? port) === 0) return undefined;
    hosts.push(found[1] === undefined ? `${host}:${port}` : host);
  }
  if (hosts.length > hostsMax) return undefined;
  const options = Object.fromEntries(new URLSearchParams(query));
  if (Object.keys(options).some((name) => !known.includes(name))) return undefined;
  const [name, secret] = [decoded(user), decoded(password)];
  if ((user !== undefined && name === undefined) || (password !== undefined && secret === undefined)) return undefined;
  return { scheme, user: name, password: secret, hosts, options };
};

/** Without the password, for logs. */
export const shownAddress = ({ scheme, hosts }: BrokerAddress): string => `${scheme}://${hosts.join(",")}`;

/** `nats://[user:password@]host[:4222][,…]`, `tls://…`; `?stream=`, `?creds=/path`, `?ca=/path`. A user without a password is a token. */
export const parseNatsAddress = (text: string): BrokerAddress | undefined =>
  parseBrokerAddress(text, { schemes: ["nats", "tls"], port: 4_222, options: ["stream", "creds", "ca"] });

const mechanisms = ["plain", "scram-sha-256", "scram-sha-512"] as const;
export type Mechanism = (typeof mechanisms)[number];

/** `kafka://[user:password@]host[:9092][,…]`, `kafkas://…` by TLS; `?mechanism=scram-sha-256` (plain when absent), `?ca=/path`; `?idempotent=false` for what does not know idempotent producers. */
export const parseKafkaAddress = (text: string): BrokerAddress | undefined => {
  const address = parseBrokerAddress(text, {
    schemes: ["kafka", "kafkas"],
    port: 9_092,
    options: ["mechanism", "ca", "idempotent"],
  });
  const { mechanism = "plain", idempotent = "true" } = address?.options ?? {};
  if (!(mechanisms as readonly string[]).includes(mechanism) || !["true", "false"].includes(idempotent)) return undefined;
  return address !== undefined && (address.user === undefined) === (address.password === undefined) ? address : undefined;
};
