/** Statuses that the OpenAPI documents promise for an address: what a generated client is ready for. */
import type { Contract } from "../../src/contract/index.ts";
import { openapi } from "../../src/contract/openapi/index.ts";

interface Documented {
  readonly path: RegExp;
  /** Method in small letters → statuses. */
  readonly methods: ReadonlyMap<string, ReadonlySet<number>>;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly responses?: object }>>>>;
}

/** Ids have no dot: what follows one is the extension of a format, which the documents leave out. */
const patternOf = (template: string): RegExp => new RegExp(`^${template.replace(/\{\w+\}/g, "[^/.%?#]+")}$`);

/** The documents of every version of some services. */
export class Documents {
  /** `/bank/v2` → its addresses, those without gaps first, as they are looked up. */
  readonly #roots = new Map<string, readonly Documented[]>();

  constructor(contracts: Iterable<Contract>) {
    for (const contract of contracts) {
      for (const version of [contract.version, ...contract.older.map(({ name }) => name)]) {
        const { paths } = openapi(contract, { version, specVersion: "3.2.0" }) as unknown as Document;
        const sorted = Object.entries(paths).toSorted(([a], [b]) => a.split("{").length - b.split("{").length);
        const all = sorted.map(([template, item]): Documented => {
          const methods = Object.entries(item).filter(([, operation]) => operation.responses !== undefined);
          return {
            path: patternOf(template),
            methods: new Map(
              methods.map(([method, { responses }]) => [method, new Set(Object.keys(responses ?? {}).map(Number))]),
            ),
          };
        });
        this.#roots.set(`/${contract.service}/${version}`, all);
      }
    }
  }

  /** What may be answered; undefined where the address or the method is none of the documents'. */
  statusesOf(method: string, target: string): ReadonlySet<number> | undefined {
    const match = /^(?:\/(?:de|en))?(\/\w+\/v\d)(\/[^?#]*)/.exec(target);
    const found = this.#roots.get(match?.[1] ?? "")?.find(({ path }) => path.test(match?.[2] ?? ""));
    return found?.methods.get(method.toLowerCase());
  }
}
