/** What limits have counted. Internal: no role sees it; `limitRules.utilization` tells. */
import { resource } from "pons";
import { limitUsageFields } from "./limit-fields.ts";

export const limitUsage = resource("limitUsage", { doc: "What limits have counted.", fields: limitUsageFields }, () => ({
  rows: {},
}));
