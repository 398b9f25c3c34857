/** Whether a person looks at a descriptor. The module that knows is loaded only for what may be a terminal: a file or a pipe is none. */
import { fstatSync } from "node:fs";

export const isTerminal = (descriptor: number): boolean => {
  try {
    if (!fstatSync(descriptor).isCharacterDevice() && process.platform !== "win32") return false;
  } catch {
    // Closed.
    return false;
  }
  return process.getBuiltinModule("node:tty").isatty(descriptor);
};
