/** A thread that copies the write-ahead log into the file: see `checkpointer.ts`. Told a path, it answers when the log was copied as far as it could be. */
import { Database } from "bun:sqlite";

declare const self: Worker;

let open: { readonly path: string; readonly database: Database } | undefined;

const databaseAt = (path: string): Database => {
  if (open?.path === path) return open.database;
  open?.database.close();
  const database = new Database(path);
  database.run("PRAGMA synchronous = FULL");
  // Checkpoints are asked for, never made on the way.
  database.run("PRAGMA wal_autocheckpoint = 0");
  open = { path, database };
  return database;
};

self.addEventListener("message", ({ data }: MessageEvent<string>) => {
  try {
    databaseAt(data).run("PRAGMA wal_checkpoint(PASSIVE)");
    self.postMessage({ ok: true });
  } catch (error) {
    // A full disk, a file that is gone: the writer itself meets it, and tells.
    self.postMessage({ ok: false, message: String(error) });
  }
});
