/* The bank by gSOAP: makes a customer with an account, reads, lists, freezes, is refused. Prints what it heard as JSON. */
#include <stdio.h>
#include "soapH.h"
#include "BankSoap.nsmap"

static char **user;

/* gSOAP forgets them after each call. */
static struct soap *authorized(struct soap *soap) {
  soap->userid = user[0];
  soap->passwd = user[1];
  return soap;
}

#define CALL(operation, in, out) \
  if (soap_call___ns1__##operation(authorized(soap), address, NULL, in, out)) { \
    soap_print_fault(soap, stderr); \
    return 1; \
  }

int main(int count, char **arguments) {
  struct soap *soap = soap_new1(SOAP_C_UTFSTRING);
  const char *address = arguments[1];
  user = arguments + 2;

  struct _ns1__CreateCustomer customer = {0};
  struct _ns1__CreateCustomerResponse made = {0};
  customer.name = "Ada <&> Lovelace";
  customer.email = "ada-gsoap@example.com";
  customer.country = "MT";
  customer.birthDate = "1990-12-10";
  CALL(CreateCustomer, &customer, &made)

  struct _ns1__CreateAccount account = {0};
  struct _ns1__CreateAccountResponse opened = {0};
  LONG64 most = 9007199254740993LL;
  account.customer = made.customer->id;
  account.name = "Engine";
  account.currency = "EUR";
  account.maxBalance = &most;
  CALL(CreateAccount, &account, &opened)

  struct _ns1__GetAccount get = {0};
  struct _ns1__GetAccountResponse read = {0};
  get.id = opened.account->id;
  CALL(GetAccount, &get, &read)

  struct _ns1__ListAccounts list = {0};
  struct _ns1__ListAccountsResponse listed = {0};
  struct ns1__AccountWhere where = {0};
  char *currencies[] = {"EUR", "JPY"};
  where.__sizecustomer = 1;
  where.customer = &made.customer->id;
  where.__sizecurrency = 2;
  where.currency = currencies;
  list.where = &where;
  struct ns1__QueryCondition condition = {0};
  enum ns1__QueryOperator at_least = ns1__QueryOperator__gte;
  char *least = "9007199254740993";
  condition.field = "maxBalance";
  condition.operator_ = &at_least;
  condition.__sizevalue = 1;
  condition.value = &least;
  list.__sizecondition = 1;
  list.condition = &condition;
  struct ns1__QueryInclude include = {0};
  include.name = "customer";
  list.__sizeinclude = 1;
  list.include = &include;
  CALL(ListAccounts, &list, &listed)

  struct _ns1__FreezeAccount freeze = {0};
  struct _ns1__FreezeAccountResponse frozen = {0};
  freeze.id = opened.account->id;
  freeze.reason = "Card reported stolen";
  CALL(FreezeAccount, &freeze, &frozen)
  struct _ns1__FreezeAccountResponse none = {0};
  if (soap_call___ns1__FreezeAccount(authorized(soap), address, NULL, &freeze, &none) == SOAP_OK) return 2;
  const char *message = *soap_faultstring(soap);
  if (soap->fault == NULL) return 3;
  /* Where it is depends on the version that it speaks. */
  struct SOAP_ENV__Detail *detail = soap->fault->detail == NULL ? soap->fault->SOAP_ENV__Detail : soap->fault->detail;
  if (detail == NULL || detail->ns1__CallRefusal == NULL) return 4;
  struct ns1__CallRefusal *refusal = detail->ns1__CallRefusal;

  printf("{\"name\":\"%s\",\"birthDate\":\"%s\",\"maxBalance\":\"%lld\",\"balance\":\"%lld\",\"hasZone\":%s,", made.customer->name,
         made.customer->birthDate, (long long)*read.account->maxBalance, (long long)*read.account->balance,
         *read.account->createdAt > 1700000000 ? "true" : "false");
  printf("\"listed\":[%lld,%d,\"%s\"],\"status\":\"%s\",", (long long)*listed.page->totalRecords, listed.__sizeaccount,
         listed.account[0].customerRow->name, *frozen.account->status == ns1__AccountStatus__frozen ? "frozen" : "?");
  printf("\"fault\":{\"message\":\"%s\",\"type\":\"%s\",\"status\":%d,\"hasId\":%s}}\n", message, refusal->type, refusal->status,
         refusal->requestId[0] == 0 ? "false" : "true");
  return 0;
}
