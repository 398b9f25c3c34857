/** A version of a service as this channel serves it: its interface with what is compiled of it, made when it is first asked for. */
import { type MadeInterface, makeInterface, type SoapMethod, wsdlText } from "../../contract/soap/index.ts";
import { versionView } from "../../contract/versions.ts";
import { BoundedCache } from "../http/bounded-cache.ts";
import type { HttpVersion } from "../http/index.ts";
import { type AnswerWriter, answerWriter } from "./answer.ts";

export interface ServedMethod {
  readonly method: SoapMethod;
  readonly writer: AnswerWriter;
}

export class ServedInterface {
  readonly made: MadeInterface;
  /** Whether any operation is open to callers without credentials. */
  readonly isOpen: boolean;
  /** Names of methods by action. */
  readonly actions: ReadonlyMap<string, string>;
  readonly #methods = new Map<string, ServedMethod>();
  /** By address and methods: a large one takes milliseconds to write. */
  readonly #wsdl = new BoundedCache<string>({ entriesMax: 8 });

  constructor({ contract, older }: HttpVersion) {
    const own = older === undefined ? contract : versionView(contract, older).contract;
    this.made = makeInterface(own, contract);
    const all = [...this.made.methods.values()];
    this.isOpen = all.some(({ operation }) => operation.roles.has("anyone"));
    this.actions = new Map(all.map(({ action, name }) => [action, name]));
  }

  /** The method of a request's element. */
  method(name: string): ServedMethod | undefined {
    const known = this.#methods.get(name);
    if (known !== undefined) return known;
    const method = this.made.methods.get(name);
    if (method === undefined) return undefined;
    const served = { method, writer: answerWriter(method, this.made.namespace) };
    this.#methods.set(name, served);
    return served;
  }

  /** The WSDL; of some methods only, where they are named. Undefined where one of these is not there. */
  wsdl(address: string, names: readonly string[]): string | undefined {
    const wanted = [...new Set(names)];
    const methods =
      wanted.length === 0 ? [...this.made.methods.values()] : wanted.flatMap((name) => this.made.methods.get(name) ?? []);
    if (methods.length < wanted.length) return undefined;
    const key = [address, ...wanted].join(" ");
    const known = this.#wsdl.get(key);
    if (known !== undefined) return known;
    const text = wsdlText(this.made, { address, methods });
    this.#wsdl.set(key, text);
    return text;
  }
}

const served = new WeakMap<HttpVersion, ServedInterface>();

/** The interface of a version. */
export const servedOf = (version: HttpVersion): ServedInterface => {
  let known = served.get(version);
  if (known === undefined) served.set(version, (known = new ServedInterface(version)));
  return known;
};
