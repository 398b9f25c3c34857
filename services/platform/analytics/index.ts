/** What was used and how it went: usage as it is billed, calls, errors and latency. */
import type { FunctionDefinition, ResourceDefinition } from "pons";
import { analytics, exportAnalytics } from "./analytics.ts";
import { records } from "./records.ts";
import { exportUsage, usage } from "./usage.ts";

export const resources: readonly ResourceDefinition[] = records;

export const operations: Readonly<Record<string, FunctionDefinition>> = { usage, exportUsage, analytics, exportAnalytics };
