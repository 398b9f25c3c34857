/** What the makers of a document's parts share. */
import type { VersionDefinition } from "../../define/version.ts";
import type { Contract } from "../contract.ts";
import type { Components } from "./components.ts";
import type { SpecVersion } from "./media.ts";
import type { Parameters } from "./parameters.ts";
import type { Schemas } from "./schemas.ts";

export interface DocumentParts {
  readonly contract: Contract;
  readonly components: Components;
  readonly schemas: Schemas;
  readonly parameters: Parameters;
  readonly specVersion: SpecVersion;
  /** Set for an older version. */
  readonly older?: VersionDefinition;
}
