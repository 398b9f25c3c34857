/**
 * A command of the command line in the test's own process: what it prints and the code it ends with, without the start of a process, which takes far longer
 * than most commands. Whether a process ends, and what it does at a terminal, is a matter of `pons` of server.ts.
 */
import { type Surroundings, runLine } from "../../src/cli/run-line.ts";
import { type Ended, environmentOf } from "./server.ts";

class Text {
  readonly isTTY = false;
  readonly columns = 0;
  readonly #decoder = new TextDecoder();
  text = "";

  write(content: string | Uint8Array): void {
    this.text += typeof content === "string" ? content : this.#decoder.decode(content, { stream: true });
  }
}

/** The environment is that of `pons` of server.ts. */
export const line = async (args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Ended> => {
  const [out, err] = [new Text(), new Text()];
  const surroundings: Surroundings = { environment: environmentOf(environment), out, err };
  const code = await runLine(args, surroundings);
  return { code, out: out.text, err: err.text };
};
