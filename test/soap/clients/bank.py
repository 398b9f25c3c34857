"""The bank by zeep: makes a customer with an account, reads, lists, freezes, is refused. Prints what it heard as JSON."""
import datetime
import json
import logging
import sys

import requests
import zeep
from zeep.wsse.username import UsernameToken

logging.disable(logging.CRITICAL)
wsdl, user, password, digest_password, kind = sys.argv[1:6]

session = requests.Session()
wsse = None
if kind == "basic":
    session.auth = (user, password)
elif kind == "text":
    wsse = UsernameToken(user, password)
else:
    wsse = UsernameToken(user + "/sandbox", digest_password, use_digest=True)
client = zeep.Client(wsdl, wsse=wsse, transport=zeep.Transport(session=session))
bank = client.bind("Bank", "BankSoap12" if kind == "digest" else "BankSoap")

customer = bank.CreateCustomer(
    name="Ada <&> Lovelace", email=f"ada-{kind}@example.com", country="MT", birthDate=datetime.date(1990, 12, 10), kind="person"
)
account = bank.CreateAccount(customer=customer.id, name="Engine", currency="EUR", maxBalance=9007199254740993)
read = bank.GetAccount(id=account.id)
listed = bank.ListAccounts(
    where={"customer": [customer.id], "currency": ["EUR", "JPY"]},
    condition=[{"field": "maxBalance", "operator": "gte", "value": ["9007199254740993"]}],
    sort=[{"field": "name", "direction": "desc"}],
    include=[{"name": "customer"}],
)
frozen = bank.FreezeAccount(id=account.id, reason="Card reported stolen")
try:
    bank.FreezeAccount(id=account.id, reason="again")
    fault = None
except zeep.exceptions.Fault as error:
    detail = error.detail[0] if len(error.detail) == 1 else error.detail
    refusal = client.get_element("{urn:pons:bank:v2}CallRefusal").parse(detail, client.wsdl.types)
    fault = {"message": error.message, "type": refusal.type, "status": refusal.status, "hasId": bool(refusal.requestId)}

print(
    json.dumps(
        {
            "name": customer.name,
            "birthDate": customer.birthDate.isoformat(),
            "maxBalance": str(read.maxBalance),
            "balance": str(read.balance),
            "hasZone": read.createdAt.tzinfo is not None,
            "listed": [listed.page.totalRecords, len(listed.account), listed.account[0].customerRow.name],
            "status": frozen.status,
            "fault": fault,
        }
    )
)
