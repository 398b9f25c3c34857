/**
 * Who runs the test Postgres. Postgres refuses to run as root, so root hands it to an account without privileges;
 * anyone else runs it as themselves.
 */
import { readFileSync } from "node:fs";

export interface Account {
  /** Undefined: the account that runs the tests. */
  readonly id: { readonly uid: number; readonly gid: number } | undefined;
  readonly name: string;
}

/** Accounts to take, the best first; each exists only on some systems. */
const unprivilegedNames = ["postgres", "nobody", "daemon"];

/** The account the test Postgres runs as. Throws where the tests run as root and the system has no other account. */
export function postgresAccount(): Account {
  if (process.getuid?.() !== 0) return { id: undefined, name: "the current user" };
  const lines = readFileSync("/etc/passwd", "utf8").split("\n");
  for (const wanted of unprivilegedNames) {
    const [name, , uid, gid] = lines.find((line) => line.startsWith(`${wanted}:`))?.split(":") ?? [];
    if (name !== undefined && Number(uid) > 0) return { id: { uid: Number(uid), gid: Number(gid) }, name };
  }
  throw new Error(`Postgres refuses to run as root, and /etc/passwd has none of the accounts ${unprivilegedNames.join(", ")}`);
}

/** Whether the account may do what `test` says (`-x`: enter or execute, `-r`: read) with the file or folder. */
export function isAllowed(account: Account, access: "-r" | "-x", path: string): boolean {
  if (account.id === undefined) return true;
  return Bun.spawnSync(["test", access, path], { ...account.id, cwd: "/" }).exitCode === 0;
}
