/** Who somebody is when it matters that two are not one: the user, else the app behind a key. */
import type { Principal } from "pons";

/** "usr_01J…"; "app:app_01J…" for a key without a user; "system" for timed work. Those who act for another stand for themselves. */
export const identityOf = ({ user, app, actor }: Pick<Principal, "user" | "app" | "actor">): string => {
  const who = actor ?? { user, app };
  return who.user ?? (who.app === null ? "system" : `app:${who.app}`);
};
