/** Where the simulated carrier of development answers: nobody's name (RFC 2606). */
export const demoOrigin = "https://carrier.example";
