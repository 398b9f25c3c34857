/** The body of a call as the command line gives it: JSON, `@file`, or `-` for standard input. */
import { CommandError } from "./exit-code.ts";

const bytesMax = 16 * 1024 * 1024;

const readText = async (given: string): Promise<string> => {
  if (given === "-") return Bun.stdin.text();
  if (!given.startsWith("@")) return given;
  const file = Bun.file(given.slice(1));
  if (!(await file.exists())) throw new CommandError("usage", `--body: there is no file ${given.slice(1)}`);
  return file.text();
};

export interface GivenBody {
  readonly text: string;
  /** A list, or `{ "ids": [ … ] }`: for many rows. */
  readonly many: boolean;
}

/** Throws `CommandError` "usage" when it is no JSON. */
export const readGivenBody = async (given: string | undefined): Promise<GivenBody | undefined> => {
  if (given === undefined) return undefined;
  const text = await readText(given);
  if (text.length > bytesMax) throw new CommandError("usage", "--body is larger than 16 MiB");
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new CommandError("usage", `--body is no JSON: ${(error as Error).message}`);
  }
  const many =
    Array.isArray(value) || (typeof value === "object" && value !== null && "ids" in value && Array.isArray(value.ids));
  return { text, many };
};
