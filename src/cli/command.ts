/** A command of the command line: what it is called, takes and does. Help and the checks of arguments follow from it. */
import type { Output } from "./output.ts";

export interface Option {
  readonly type: "string" | "boolean";
  /** What stands for the value in help: `<path>`. */
  readonly value?: string;
  readonly doc: string;
  /** May be given several times. */
  readonly multiple?: true;
}

export interface Argument {
  readonly name: string;
  readonly doc: string;
  readonly required: boolean;
  /** Known values, where there are few. */
  readonly values?: readonly string[];
}

export interface Command {
  readonly name: string;
  /** One line. */
  readonly summary: string;
  /** Paragraphs. */
  readonly doc?: readonly string[];
  readonly arguments: readonly Argument[];
  readonly options: Readonly<Record<string, Option>>;
  readonly examples: readonly string[];
  /** Returns the exit code. Throws `CommandError` and `StartError`. */
  run(invocation: Invocation): Promise<number>;
}

export interface Invocation {
  readonly positionals: readonly string[];
  readonly options: OptionValues;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly output: Output;
}

/** Options as given, already checked against the command. */
export class OptionValues {
  readonly #values: ReadonlyMap<string, readonly (string | true)[]>;

  constructor(values: ReadonlyMap<string, readonly (string | true)[]>) {
    this.#values = values;
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  /** The value; of several the last. */
  text(name: string): string | undefined {
    const value = this.#values.get(name)?.at(-1);
    return typeof value === "string" ? value : undefined;
  }

  texts(name: string): readonly string[] {
    return (this.#values.get(name) ?? []).filter((value) => typeof value === "string");
  }
}

/** Options that every command has. */
export const sharedOptions: Readonly<Record<string, Option>> = {
  json: { type: "boolean", doc: "Print JSON, and nothing else, on standard output." },
  help: { type: "boolean", doc: "Say what the command does." },
};

/** Which services are meant; shared by several commands. */
export const servicesOption: Readonly<Record<string, Option>> = {
  services: {
    type: "string",
    value: "<path>",
    multiple: true,
    doc: "Module or folder of a service instead of the shipped ones; may be repeated.",
  },
};
