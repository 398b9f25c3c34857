export { createGraphql } from "./graphql.ts";
