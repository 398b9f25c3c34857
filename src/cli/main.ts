/** The command line: `pons <command> …`. */
import { exitCodes } from "./exit-code.ts";
import { runLine } from "./run-line.ts";
import { StandardStream } from "./standard-stream.ts";

/** A reader that has seen enough (`| head`) is no mistake. */
const onClosed = (): never => process.exit(exitCodes.ok.code);

process.exitCode = await runLine(process.argv.slice(2), {
  environment: process.env,
  out: new StandardStream(1, { onClosed }),
  err: new StandardStream(2, { onClosed: () => undefined }),
});
