/** Orders without jobs, for servers whose events go elsewhere. */
import { worksWith } from "./works.ts";

export default worksWith({});
