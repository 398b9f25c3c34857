export { createLogger, type Level, levels, type Logger, type LoggerOptions } from "./logger.ts";
