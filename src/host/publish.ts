/** Puts an entry into the directory that no row publishes, and tells every node of it. */
import type { DirectoryEntry } from "../define/resource.ts";
import { newIdentifier } from "../pipeline/identifier.ts";
import { changedTable, directoryTable } from "../pipeline/identity/directory-tables.ts";
import { installationRealm } from "../pipeline/identity/realm.ts";
import type { App } from "./app.ts";

/** Resolves once every node will hear of it. Throws `StoreError`. */
export const publish = async (
  { store, directory }: Pick<App, "store" | "directory">,
  { kind, name, value }: DirectoryEntry,
): Promise<void> => {
  const realm = installationRealm;
  await store.write(async (tx) => {
    const [held] = await tx.load(directoryTable, [{ realm, key: [kind, name] }]);
    const none = { inserts: [], updates: [], deletes: [] };
    await tx.apply([
      held === undefined
        ? { ...none, table: directoryTable, inserts: [{ realm, row: { kind, name, owner: realm, value } }] }
        : { ...none, table: directoryTable, updates: [{ realm, key: [kind, name], changes: { value } }] },
      {
        ...none,
        table: changedTable,
        inserts: [{ realm, row: { id: newIdentifier(), at: new Date().toISOString(), kind, name, owner: realm } }],
      },
    ]);
  });
  directory.notice([{ kind, name, owner: realm }]);
};
