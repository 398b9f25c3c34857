/** Older versions: how each is derived from the newest by its declared changes, and how calls are translated. */
export { checkVersions } from "./versions/check.ts";
export { type VersionView, versionView, versionViews } from "./versions/view.ts";
export type { Translated } from "./versions/wire.ts";
