/** Which file declares what: names of serialized FileDescriptorProtos, and what each depends on. */
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";

export interface DescribedFile {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly dependencies: readonly string[];
}

type Take = (number: number, bytes: Uint8Array) => void;

/** Length-delimited fields of a message, in order. */
const eachField = (bytes: Uint8Array, take: Take): void => {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    if (type === WireType.LengthDelimited) take(number, reader.bytes());
    else reader.skip(type, number);
  }
};

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

/** A declaration: its name (field 1) and what it holds. */
const declare = (scope: string, bytes: Uint8Array, found: (name: string) => void, inside: (name: string) => Take): void => {
  let name = "";
  eachField(bytes, (number, value) => {
    if (number === 1) name = scope === "" ? textOf(value) : `${scope}.${textOf(value)}`;
  });
  found(name);
  eachField(bytes, inside(name));
};

const nothingInside = (): Take => () => undefined;

export class Symbols {
  readonly #files = new Map<string, DescribedFile>();
  /** Full name of a message, field, enum, value, service or method → its file. */
  readonly #bySymbol = new Map<string, DescribedFile>();
  readonly #messages = new Set<string>();

  constructor(files: Iterable<Uint8Array>) {
    for (const bytes of files) this.#add(bytes);
  }

  hasMessage(name: string): boolean {
    return this.#messages.has(name);
  }

  /** A file and all it depends on, each once, the file first; undefined: there is none of that name. */
  fileNamed(name: string): readonly DescribedFile[] | undefined {
    const file = this.#files.get(name);
    return file === undefined ? undefined : this.#closure(file);
  }

  fileOf(symbol: string): readonly DescribedFile[] | undefined {
    const file = this.#bySymbol.get(symbol);
    return file === undefined ? undefined : this.#closure(file);
  }

  #closure(first: DescribedFile): readonly DescribedFile[] {
    const files = new Set([first]);
    for (const { dependencies } of files) {
      for (const dependency of dependencies) {
        const file = this.#files.get(dependency);
        if (file !== undefined) files.add(file);
      }
    }
    return [...files];
  }

  #add(bytes: Uint8Array): void {
    let name = "";
    let scope = "";
    const dependencies: string[] = [];
    eachField(bytes, (number, value) => {
      if (number === 1) name = textOf(value);
      if (number === 2) scope = textOf(value);
      if (number === 3) dependencies.push(textOf(value));
    });
    if (this.#files.has(name)) return;
    const file = { name, bytes, dependencies };
    this.#files.set(name, file);
    const found = (symbol: string): void => void this.#bySymbol.set(symbol, file);
    const enumOf = (within: string, value: Uint8Array): void =>
      // Values of an enum stand beside it.
      declare(within, value, found, () => (number, inner) => {
        if (number === 2) declare(within, inner, found, nothingInside);
      });
    const messageOf = (within: string, value: Uint8Array): void =>
      declare(
        within,
        value,
        (symbol) => {
          this.#messages.add(symbol);
          found(symbol);
        },
        (symbol) => (number, inner) => {
          if (number === 2 || number === 8) declare(symbol, inner, found, nothingInside);
          if (number === 3) messageOf(symbol, inner);
          if (number === 4) enumOf(symbol, inner);
        },
      );
    eachField(bytes, (number, value) => {
      if (number === 4) messageOf(scope, value);
      if (number === 5) enumOf(scope, value);
      if (number === 6)
        declare(scope, value, found, (symbol) => (field, inner) => {
          if (field === 2) declare(symbol, inner, found, nothingInside);
        });
      if (number === 7) declare(scope, value, found, nothingInside);
    });
  }
}
