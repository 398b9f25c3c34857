/**
 * Checkpoints off the machine: a file that is only appended to (on another machine's disk, or one that a collector reads), a line per checkpoint.
 *
 *   {"statement":"{…}","signer":"9f2c4b7a01d35e68","signature":"…"}
 *
 * Reading takes such lines from any file, so that a log with other lines among them will do.
 */
import { appendFileSync } from "node:fs";
import type { SignedStatement } from "./statement.ts";

/** Of a file that is made: its owner writes, others may look. */
const fileMode = 0o644;
/** Bytes of a line that can be a checkpoint: a log may hold longer ones. */
const lineBytesMax = 64 * 1024;

/** Appends to a file, and waits for the disk. Throws where that fails. */
export const appendTo =
  (path: string): ((signed: SignedStatement) => void) =>
  (signed) =>
    appendFileSync(path, `${JSON.stringify(signed)}\n`, { mode: fileMode, flush: true });

const signedFrom = (line: string): SignedStatement | undefined => {
  if (!line.includes('"statement"')) return undefined;
  try {
    const { statement, signer, signature } = JSON.parse(line) as Record<string, unknown>;
    if (typeof statement === "string" && typeof signer === "string" && typeof signature === "string")
      return { statement, signer, signature };
  } catch {
    // A line that was cut off, or one of a log in another form.
  }
  return undefined;
};

/** The checkpoints in a file, in its order. Throws where it cannot be read. */
export async function* checkpointsIn(path: string): AsyncGenerator<SignedStatement> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of Bun.file(path).stream()) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > lineBytesMax) rest = "";
    for (const line of lines) {
      const signed = signedFrom(line);
      if (signed !== undefined) yield signed;
    }
  }
  const last = signedFrom(rest);
  if (last !== undefined) yield last;
}
