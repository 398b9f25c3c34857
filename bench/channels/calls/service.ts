/** The service behind the gate's benchmark, as the command loads it. */
export { desk as default } from "../../gate/desk.ts";
