/**
 * Ends the server and removes its folder when this process is gone, however it ended (also by SIGKILL or a crash): a shell that waits for
 * its standard input to close. It ends only a process whose command line names the folder, since the number in a stale postmaster.pid may
 * belong to another process by now.
 */
const script = `
trap '' INT TERM HUP
cat > /dev/null
folder=$1
pid=$(head -n 1 "$folder/data/postmaster.pid" 2> /dev/null)
named() { { tr '\\0' ' ' < "/proc/$pid/cmdline" || ps -o args= -p "$pid"; } 2> /dev/null | grep -qF -- "$folder"; }
if [ -n "$pid" ] && named; then
  kill -QUIT "$pid"
  for _ in 1 2 3 4 5 6 7 8 9 10; do named || break; sleep 0.2; done
  named && kill -KILL "$pid"
fi
shift
rm -rf -- "$folder" "$@"
`;

export interface Guard {
  /** Lets the guard go: it then removes the folders and ends. */
  release(): Promise<void>;
}

/** Guards a server whose data lie in `<folder>/data`. `also`: other folders to remove with it. Not on Windows, which has no such shell. */
export function guard(folder: string, also: readonly string[]): Guard {
  if (process.platform === "win32") return { release: async () => {} };
  const shell = Bun.spawn(["sh", "-c", script, "guard", folder, ...also], {
    stdin: "pipe",
    stdout: "ignore",
    stderr: "ignore",
    cwd: "/",
    detached: true,
  });
  shell.unref();
  return {
    async release() {
      await shell.stdin.end();
      await shell.exited;
    },
  };
}
