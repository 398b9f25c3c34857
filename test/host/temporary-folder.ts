/** A folder that is gone after the test. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export class TemporaryFolder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "pons-test-"));

  /** The path of a file or folder in it. */
  at(...parts: readonly string[]): string {
    return join(this.path, ...parts);
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
