/** How often accounts did what fraud rules watch for. Internal: no role sees it. */
import { resource } from "pons";
import { fraudVelocityFields } from "./fraud-fields.ts";

export const fraudVelocity = resource(
  "fraudVelocity",
  { doc: "How often accounts did what fraud rules watch for.", fields: fraudVelocityFields },
  () => ({ rows: {} }),
);
