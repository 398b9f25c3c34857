/** Which operation a line calls: services, their versions, command words, and titles, each made when it is first used. */
import type { Contract, Operation } from "../../contract/contract.ts";
import { versionView, versionViews } from "../../contract/versions.ts";
import { versionOf } from "../http/version.ts";
import { commandsOf, Titles } from "./titles.ts";

/** One version of a service. */
export class Spoken {
  /** The newest contract: its operations are called whatever the version. */
  readonly contract: Contract;
  /** Set for an older version: what calls carry. */
  readonly older: string | undefined;
  /** Milliseconds since the epoch: from then on it is gone. */
  readonly sunsetMs: number;
  readonly #shown: Contract;
  readonly #commands: ReadonlyMap<string, string>;
  readonly #titles = new Map<string, Titles>();

  constructor(contract: Contract, version: string) {
    const { older, sunsetMs } = versionOf(contract, version);
    this.contract = contract;
    this.older = older;
    this.sunsetMs = sunsetMs;
    this.#shown = versionView(contract, version).contract;
    this.#commands = commandsOf(contract);
  }

  /** The operation of a name or a command word. */
  find(word: string): Operation | undefined {
    const { operations } = this.contract;
    return operations.get(word) ?? operations.get(this.#commands.get(word.toLowerCase()) ?? "");
  }

  titlesOf({ name }: Operation): Titles {
    let titles = this.#titles.get(name);
    if (titles === undefined) {
      const shown = this.#shown.operations.get(name);
      if (shown === undefined) throw new Error(`${this.#shown.version} has no ${name}`);
      titles = new Titles(shown, this.contract.definition.line?.operations?.[name]);
      this.#titles.set(name, titles);
    }
    return titles;
  }
}

export class Services {
  readonly #contracts: ReadonlyMap<string, Contract>;
  readonly #spoken = new Map<string, Spoken>();

  constructor(contracts: ReadonlyMap<string, Contract>) {
    this.#contracts = contracts;
  }

  /** A version of a service: the first service of the server, and its newest version, where none is named. */
  find(service: string | undefined, version: string | undefined): Spoken | undefined {
    const [first] = this.#contracts.values();
    const contract = service === undefined ? first : this.#contracts.get(service);
    if (contract === undefined) return undefined;
    const name = version ?? contract.version;
    const key = `${contract.service}/${name}`;
    let spoken = this.#spoken.get(key);
    if (spoken === undefined && versionViews(contract).has(name)) this.#spoken.set(key, (spoken = new Spoken(contract, name)));
    return spoken;
  }
}
