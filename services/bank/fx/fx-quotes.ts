/**
 * Quotes: what an exchange comes to, binding for the bank until the quote expires. Executing one posts its legs as one transaction (see `exchange.ts`),
 * once, however often it is asked for.
 *
 * A quote reserves nothing: whether the money is there is decided when it is executed.
 */
import { and, eq, gt, now, resource, rowOf, t } from "pons";
import { accounts } from "../account-fields.ts";
import { amountMax, exponentOf } from "../assets.ts";
import { derivedId } from "../derived-id.ts";
import { post, postingRefusals } from "../posting.ts";
import { openRisk, prepareRisk } from "../risk/index.ts";
import { convert, customerRate, shownDigits } from "./conversion.ts";
import { exchangeLegs } from "./exchange.ts";
import { rateFor } from "./fx-rates.ts";

/** How long a quote binds the bank. */
const secondsDefault = 30;
const secondsMax = 300;

const money = (currency: "sellCurrency" | "buyCurrency", doc: string) => t.money({ write: "never", currency, doc });

const fields = {
  id: t.id("fxq"),
  customer: t.ref("customers", {
    optional: true,
    write: "never",
    doc: "Owner of the account that pays; absent for the bank itself.",
  }),
  from: t.ref("accounts", { write: "never", doc: "Account that pays." }),
  to: t.ref("accounts", { write: "never", doc: "Account that receives." }),
  sellCurrency: t.currency({ write: "never", doc: "That of the account that pays." }),
  sellAmount: money("sellCurrency", "What is paid. Minor units."),
  buyCurrency: t.currency({ write: "never", doc: "That of the account that receives." }),
  buyAmount: money("buyCurrency", "What is received. Minor units."),
  rate: t.decimal({
    write: "never",
    scale: shownDigits,
    doc: "What is received for one unit that is paid, in major units, the spread taken off; rounded to be read.",
  }),
  fxRate: t.ref("fxRates", { write: "never", doc: "The rate it was reckoned by." }),
  spread: money("buyCurrency", "What the bank keeps. Minor units of what is received."),
  residue: money("buyCurrency", "What rounding leaves. Minor units of what is received."),
  status: t.enum(["open", "executed", "expired"], { default: "open", write: "never" }),
  expiresAt: t.dateTime({ write: "never", doc: "The bank is bound until this moment." }),
  lapsesAt: t.dateTime({
    optional: true,
    write: "never",
    filter: false,
    doc: "When it is marked as expired; absent once it is not open.",
  }),
  transaction: t.ref("transactions", { optional: true, write: "never", doc: "What executing it posted." }),
  executedAt: t.dateTime({ optional: true, write: "never" }),
  createdAt: t.dateTime({ set: "created" }),
};

const amount = (doc: string) => t.money({ optional: true, doc, example: 10000 });

export const fxQuotes = resource(
  "fxQuotes",
  { doc: "What an exchange of money comes to, and the exchange itself.", fields },
  ({ self, own, all, filter, count, sum, command, due }) => ({
    rows: { customer: own("customer"), teller: all, supervisor: all, auditor: all },
    sortBy: "createdAt.desc",
    filters: { open: filter((row) => and(eq(row.status, "open"), gt(row.expiresAt, now))) },
    stats: {
      volume: {
        doc: "Quotes per pair and status, and what they come to.",
        group: ["sellCurrency", "buyCurrency", "status"],
        measures: { quotes: count(), sold: sum("sellAmount"), bought: sum("buyAmount"), spread: sum("spread") },
        roles: ["teller", "supervisor", "auditor"],
      },
    },
    events: {
      executed: {
        doc: "Money was exchanged.",
        data: { quote: t.ref("fxQuotes"), transaction: t.ref("transactions"), sellAmount: t.money(), buyAmount: t.money() },
      },
    },
    due: due({
      doc: "Marks a quote as expired.",
      at: "lapsesAt",
      run: (ctx, { row }) => void ctx.table(self).update(row.id, { status: "expired", lapsesAt: null }),
    }),
    create: command({
      on: "collection",
      doc: "Says what an exchange between two accounts comes to. One of the two amounts is given, the other reckoned. Customers exchange between their own accounts.",
      roles: ["customer", "teller", "supervisor"],
      input: {
        from: t.ref("accounts", { doc: "Account that pays." }),
        to: t.ref("accounts", { doc: "Account that receives." }),
        sellAmount: amount("What is to be paid. Minor units."),
        buyAmount: amount("What is to be received. Minor units."),
        seconds: t.integer({ default: secondsDefault, min: 1, max: secondsMax, doc: "For how long the quote binds the bank." }),
      },
      output: "row",
      refusals: {
        invalid_amount: { status: 400, doc: "The amount must be greater than zero." },
        one_amount: { status: 400, doc: "Give one of the two amounts, not both, not none." },
        same_account: { status: 400, doc: "Debit and credit are the same account." },
        debit_account_not_found: { status: 404, doc: "There is no such account to debit." },
        credit_account_not_found: { status: 404, doc: "There is no such account to credit." },
        same_currency: { status: 400, doc: "Both are the same currency." },
        rate_not_found: { status: 422, doc: "The bank has no rate for these two currencies." },
        amount_too_small: { status: 422, doc: "The amount is too small to be exchanged." },
        overflow: { status: 422, doc: "The account's counters cannot hold the amount." },
      },
      load: ({ input }) => ({ from: rowOf(accounts, input.from), to: rowOf(accounts, input.to) }),
      run: async (ctx, { input: { sellAmount, buyAmount, seconds }, loaded: { from, to } }) => {
        const given = sellAmount ?? buyAmount;
        if (given === null || (sellAmount !== null && buyAmount !== null)) return ctx.refuse("one_amount");
        if (given <= 0n) return ctx.refuse("invalid_amount");
        if (from === undefined || !ctx.visible(accounts, from)) return ctx.refuse("debit_account_not_found");
        if (to === undefined || !ctx.visible(accounts, to)) return ctx.refuse("credit_account_not_found");
        if (from.id === to.id) return ctx.refuse("same_account");
        const sellCurrency = from.currency;
        const buyCurrency = to.currency;
        if (sellCurrency === buyCurrency) return ctx.refuse("same_currency");
        const found = await rateFor(ctx, sellCurrency, buyCurrency);
        if (found === undefined) return ctx.refuse("rate_not_found", { sellCurrency, buyCurrency });
        const terms = {
          rate: found.rate.rate,
          isInverse: found.isInverse,
          spreadBasisPoints: found.rate.spreadBasisPoints,
          sellExponent: exponentOf(sellCurrency),
          buyExponent: exponentOf(buyCurrency),
        };
        const { sell, buy, middle, spread, residue } = convert(terms, sellAmount === null ? { buy: given } : { sell: given });
        if (sell > amountMax || middle > amountMax) return ctx.refuse("overflow");
        if (buy === 0n) return ctx.refuse("amount_too_small");
        const expiresAt = new Date(Date.parse(ctx.now) + seconds * 1_000).toISOString();
        const quote = ctx.table(self).insert({
          customer: from.customer,
          from: from.id,
          to: to.id,
          sellCurrency,
          sellAmount: sell,
          buyCurrency,
          buyAmount: buy,
          rate: customerRate(terms),
          fxRate: found.rate.id,
          spread,
          residue,
          expiresAt,
          lapsesAt: expiresAt,
        });
        return ctx.created(quote);
      },
    }),
    functions: {
      execute: command({
        on: "item",
        doc: "Exchanges the money as quoted. Asking again answers what was done.",
        roles: ["customer", "teller", "supervisor"],
        output: "row",
        refusals: {
          ...postingRefusals,
          quote_expired: { status: 409, doc: "The quote has expired: ask for a new one." },
        },
        load: ({ row }) => ({ from: rowOf(accounts, row.from), to: rowOf(accounts, row.to) }),
        run: async (ctx, { row }) => {
          if (row.status === "executed") return ctx.replayed(row);
          // Whether or not the writer has marked it yet.
          if (row.status === "expired" || row.expiresAt <= ctx.now)
            return ctx.refuse("quote_expired", { expiresAt: row.expiresAt });
          const legs = await exchangeLegs(ctx, row);
          // What the customer pays and receives is judged; the rest is the bank's own.
          const judged = legs.slice(0, 2);
          await prepareRisk(ctx, judged);
          const risk = openRisk(ctx);
          const posted = await post(ctx, legs, {
            transaction: derivedId("txn", `exchange ${row.id}`),
            reference: `FX ${row.id}`,
            risk: (leg, position) => (position < judged.length ? risk.check(leg) : undefined),
          });
          if (!posted.ok) {
            if (posted.type !== "fraud_declined" && posted.type !== "review_required")
              return ctx.refuse(posted.type, posted.details);
            // A quote does not wait for a review: its time would be up.
            risk.keep();
            return ctx.refuse("fraud_declined", posted.details, { keep: true });
          }
          risk.record(posted.transfers.slice(0, judged.length).map((transfer) => transfer.id));
          ctx.emit("executed", {
            quote: row.id,
            transaction: posted.transaction,
            sellAmount: row.sellAmount,
            buyAmount: row.buyAmount,
          });
          return ctx.table(self).update(row.id, {
            status: "executed",
            transaction: posted.transaction,
            executedAt: ctx.now,
            lapsesAt: null,
          });
        },
      }),
    },
  }),
);
