"""A shop by zeep: prices a basket, places an order and lists it (place); asks later what became of it (follow). Prints what it heard as JSON."""
import datetime
import json
import logging
import sys

import requests
import zeep

logging.disable(logging.CRITICAL)
wsdl, user, password, order, phase = sys.argv[1:6]
session = requests.Session()
session.auth = (user, password)
client = zeep.Client(wsdl, transport=zeep.Transport(session=session))
shop = client.bind("Delivery", "DeliverySoap")
beginning = datetime.datetime(1, 1, 1)


def piece(length, width, height, weight, quantity):
    return {"Length": length, "Width": width, "Height": height, "Weight": weight, "Qty": quantity}


def place(too_heavy):
    checked = shop.CheckDimensions(
        DimensionsList=[piece(0.130, 0.100, 0.001, 0.1, 2), piece(0.1331, 0.0998, 0.0788, 0.575, 1)]
    )
    refused = shop.CheckDimensions(DimensionsList=[piece(0.3, 0.3, 0.3, too_heavy, 1)])
    goods = [{"SKU": "SOAP-01", "Name": "Soap box", **piece(0.133, 0.1, 0.079, 0.575, 2), "Price": 9.9, "VATRate": "20%"}]
    address = {"Index": "10100", "City": "Alderburg", "Street": "Clock Lane", "Home": "7"}
    quoted = shop.CalculateShippingCost(
        DeclaredCost=19.8, Goods=goods, Address=address, TypeOfSeal=2, SturdyPackaging=False, CashOnDelivery=False
    )
    parcel = next(one for one in quoted.Types if one.TypeId == 3)
    details = shop.GetDetailsOfCost(ID=quoted["return"], TypeId=3)
    moment = datetime.datetime(2026, 1, 31, 9, 30, tzinfo=datetime.timezone.utc)

    def push(number):
        return shop.PushOrder(
            ID=order, Number=number, Date=moment,
            Customer={"ID": "C-1", "Name": "Ada Lovelace", "Email": "ada@example.com", "Address": address},
            DeclaredCost=19.8, AmountToBePaid=0, DeliveryTypeId=3, TypeOfSeal=2, SturdyPackaging=False, Activity=True,
            Goods=goods, DeliveryDate=beginning, StartTimeDelivery=0, EndTimeDelivery=0,
        )  # fmt: skip

    def hand_in():
        return shop.PushReestr(ID="M " + order, Number="1", Date=moment, DateOfShipment=moment, IDs=[order])

    pushed = [push("1"), push("1")]
    listed = [hand_in(), hand_in()]
    try:
        push("2")
        fault = None
    except zeep.exceptions.Fault as error:
        refusal = client.get_element("{urn:pons:delivery}CallRefusal").parse(error.detail[0], client.wsdl.types)
        fault = [error.code.split(":")[-1], refusal.type, error.message]
    return {
        "checked": [checked["return"], checked.Length, checked.Width, checked.Height, checked.Weight, checked.Comment or ""],
        "refused": [refused["return"], refused.Comment],
        "offer": [parcel.TypeName, parcel.Cost, parcel.PreparingCost],
        "details": [sum(round(one.Cost * 100) for one in details), all(len(one.Description) > 0 for one in details)],
        "pushed": [pushed[0] > 0, pushed[0] == pushed[1]],
        "listed": [listed[0] > 0, listed[0] == listed[1]],
        "fault": fault,
        "marks": [
            shop.GetTrackNumbers(DateOfLastGetting=beginning)["return"].isoformat(),
            shop.GetStatusesOrders(DateOfLastGetting=beginning, OnlyCompleted=False)["return"].isoformat(),
        ],
    }


def moment(text):
    read = datetime.datetime.fromisoformat(text)
    return read if read.tzinfo else read.replace(tzinfo=datetime.timezone.utc)


def follow(numbers_mark, states_mark):
    numbers = shop.GetTrackNumbers(DateOfLastGetting=moment(numbers_mark))
    states = shop.GetStatusesOrders(DateOfLastGetting=moment(states_mark), OnlyCompleted=False)
    completed = shop.GetStatusesOrders(DateOfLastGetting=moment(states_mark), OnlyCompleted=True)
    billed = shop.GetBillingData(BeginDate=datetime.datetime(2020, 1, 1), EndDate=datetime.datetime(2199, 1, 1))
    own = [one for one in billed if one.ExtNumber == order]
    return {
        "numbers": sorted([one.OrderID, one.Number, one.Activity] for one in numbers.TrackNumbers),
        "states": [[one.OrderID, one.StatusId, one.Status, one.Completed] for one in states.StatusesOrders],
        "completed": [one.Status for one in completed.StatusesOrders],
        "billed": sorted([one.Service, round(one.Amount * 100)] for one in own),
        "isLater": [numbers["return"] > moment(numbers_mark), states["return"] > moment(states_mark)],
    }


print(json.dumps(place(float(sys.argv[6])) if phase == "place" else follow(*sys.argv[6:8])))
