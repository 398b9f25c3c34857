/** What the command line starts from. Tests may reach deeper. */
export { type App, compileServices, createApp, tablesOf } from "./app.ts";
export { boot, type Booted, compileOrExplain, openDatabase } from "./boot.ts";
export { type Config, readConfig, requireConfig } from "./config.ts";
export { type DemoFile, demoPath, readDemoFile } from "./demo-file.ts";
export { type LoadedService, loadServices } from "./load-services.ts";
export { run, type Running } from "./run.ts";
export { settings } from "./setting.ts";
export { StartError } from "./start-error.ts";
