/** The Model Context Protocol: operations as tools for agents. */
export { type McpLimits, mcpLimits } from "./limits.ts";
export { createMcp } from "./mcp.ts";
